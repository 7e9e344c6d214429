import type { Credentials, RoleCredentials } from '../../src/domain/credentials.ts';
import type { CheckOutcome, SourceErrorKind } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';

/** A set of credentials that nobody could take for a real one. */
export function credentialsOf(serial: number, expiration: string): Credentials {
  const number = String(serial).padStart(4, '0');
  return {
    accessKeyId: `ASIAQ3EXAMPLEKEY${number}`,
    secretAccessKey: new Secret(`EXAMPLESecretAccessKey${number}`),
    sessionToken: new Secret(`EXAMPLESessionToken${number}`),
    expiration: Date.parse(expiration),
  };
}

export function roleCredentials(serial: number, expiration: string, roleName = 'web'): RoleCredentials {
  return { roleName, accountId: '111122223333', credentials: credentialsOf(serial, expiration) };
}

const FACTS = { skewMs: undefined, latencyMs: 1, at: 0 };

export function success(value: RoleCredentials): CheckOutcome {
  return { ok: true, value, facts: FACTS };
}

export function failure(kind: SourceErrorKind): CheckOutcome {
  return { ok: false, error: { kind, message: `the ${kind} message` }, facts: FACTS };
}
