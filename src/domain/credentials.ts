import type { EpochMs } from './ports.ts';
import type { Secret } from './secret.ts';

/** One set of temporary credentials, whole: its four parts came in one answer and are only ever replaced together. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret;
  /** When AWS stops accepting the set: the true expiration, as the source gave it. */
  readonly expiration: EpochMs;
}

/** Credentials and whose they are: what the source fetched in one check. */
export interface RoleCredentials {
  readonly roleName: string;
  /** Twelve digits; undefined until known. It is extra information: credentials are served without it. */
  readonly accountId: string | undefined;
  readonly credentials: Credentials;
}

/** Whether all four parts are equal: IMDS gives the same set at every check until it rotates. */
export function sameSet(a: Credentials, b: Credentials): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.expiration === b.expiration &&
    a.secretAccessKey.equals(b.secretAccessKey) &&
    a.sessionToken.equals(b.sessionToken)
  );
}

/** The part of a key id that may be shown to people: its last four characters. */
export function keyIdTail(credentials: Credentials): string {
  return `…${credentials.accessKeyId.slice(-4)}`;
}
