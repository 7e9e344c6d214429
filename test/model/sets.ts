/** The sets of credentials that the modelled IMDS hands out. The same one is the same object, everywhere. */
import { formatTimestamp } from '../../src/domain/timestamps.ts';
import { BEGINNING } from './machine.ts';

export interface ModelSet {
  readonly name: string;
  readonly role: Role;
  /** Milliseconds since the beginning, as AWS counts them. */
  readonly expires: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export type Role = 'blue' | 'green';

/** How long a set lives. Shorter than EC2's six hours, and still longer than every window. */
export const LIFETIME_MS = 30 * 60_000;

const sets = new Map<string, ModelSet>();

/** A set of that role and expiration which is none of `others`. */
export function mint(role: Role, expires: number, others: ReadonlySet<ModelSet>): ModelSet {
  for (let variant = 0; ; variant++) {
    const set = interned(role, expires, variant);
    if (!others.has(set)) return set;
  }
}

/** A set that had expired before the beginning: what IMDS may hand out after a resume. */
export function longExpired(role: Role): ModelSet {
  return interned(role, -600 * 60_000, 0);
}

export function setOfKey(accessKeyId: string): ModelSet | undefined {
  return sets.get(accessKeyId);
}

/** What IMDS serves under the role's name. */
export function documentOf(set: ModelSet): string {
  return JSON.stringify({
    Code: 'Success',
    Type: 'AWS-HMAC',
    AccessKeyId: set.accessKeyId,
    SecretAccessKey: set.secretAccessKey,
    Token: set.sessionToken,
    Expiration: formatTimestamp(BEGINNING + set.expires),
  });
}

function interned(role: Role, expires: number, variant: number): ModelSet {
  const seconds = `${expires < 0 ? 'OLD' : 'NEW'}${String(Math.abs(expires) / 1000).padStart(7, '0')}`;
  const name = `${role}-${seconds}-${variant}`;
  const accessKeyId = `ASIAEXAMPLE${name.toUpperCase().replaceAll('-', '')}`;
  let set = sets.get(accessKeyId);
  if (set === undefined) {
    set = {
      name,
      role,
      expires,
      accessKeyId,
      secretAccessKey: `EXAMPLE/Secret/${name}`,
      sessionToken: `EXAMPLE/Token/${name}`,
    };
    sets.set(accessKeyId, set);
  }
  return set;
}
