import type { EpochMs, Random } from '../domain/ports.ts';
import { randomText } from './random-text.ts';

/** One made-up set of credentials. They open nothing, so they are plain text and may be shown. */
export interface IssuedSet {
  readonly roleName: string;
  /** 1 for the instance's first set, and so on; also spelled, in base 32, at the end of the access key id. */
  readonly serial: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** When the set became available. */
  readonly issuedAt: EpochMs;
  /** On a whole second. */
  readonly expiration: EpochMs;
  /** When the set first left in an answer; undefined while it never has. */
  readonly firstServedAt: EpochMs | undefined;
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Base64 of `\n\torigin_ec`: what the session tokens of instance roles begin with. */
const sessionTokenStart = 'IQoJb3JpZ2luX2Vj';

/**
 * A set that looks like EC2's: key id of 20 characters, secret of 40, session token of 800 to 996. Each part holds
 * EXAMPLE and the serial number, so no two sets share one, whatever `random` gives.
 */
export function newCredentialSet(
  random: Random,
  about: { roleName: string; serial: number; issuedAt: EpochMs; lifetimeMs: number },
): IssuedSet {
  const mark = `EXAMPLE${inBase32(about.serial)}`;
  const tokenLength = 800 + 4 * Math.floor(random() * 50);
  const tokenFill = tokenLength - sessionTokenStart.length - mark.length - 2;
  return {
    roleName: about.roleName,
    serial: about.serial,
    accessKeyId: `ASIA${randomText(random, base32, 4)}${mark}`,
    secretAccessKey: `${randomText(random, base64, 28)}${mark}`,
    sessionToken: `${sessionTokenStart}${mark}${randomText(random, base64, tokenFill)}==`,
    issuedAt: about.issuedAt,
    expiration: Math.floor((about.issuedAt + about.lifetimeMs) / 1_000) * 1_000,
    firstServedAt: undefined,
  };
}

/** Five characters of the key id's alphabet: enough for 33 million sets. */
function inBase32(serial: number): string {
  let digits = '';
  for (let rest = serial; digits.length < 5; rest = Math.floor(rest / 32)) {
    digits = base32.charAt(rest % 32) + digits;
  }
  return digits;
}
