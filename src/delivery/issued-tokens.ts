import type { Clock, Files, Log } from '../domain/ports.ts';
import { hmacSha256, timingSafeEqual } from '../platform/cryptography.ts';
import { systemFiles } from '../platform/files.ts';
import { type SecretRandom, systemSecretRandom } from '../platform/secret-random.ts';

/** The metadata tokens that the IMDS-compatible endpoint gives out. */
export interface IssuedTokens {
  issue(ttlSeconds: number): string;
  /** Whole seconds left, rounded down; undefined for a token that is not ours or past its TTL. */
  remainingSeconds(token: string): number | undefined;
}

export interface IssuedTokensParts {
  /** Of the file with the key: private to the agent, and in its runtime directory, so new at each boot. */
  readonly keyPath: string;
  /** The process's own. */
  readonly uid: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly files?: Files;
  readonly secretRandom?: SecretRandom;
}

/** EC2 User Guide, "Use IMDSv2": 1 to 21600 seconds. */
export const LONGEST_TTL_SECONDS = 21_600;

const KEY_BYTES = 32;
const KEY = /^[0-9a-f]{64}$/;
/** 4 bytes of expiration (seconds since 1970) and 4 that tell tokens apart; then comes HMAC-SHA256 of these. */
const HEAD_BYTES = 8;
/** Of tokens that were found to be ours: a client sends one for hours, and a signature costs as much as half an answer. */
const MOST_REMEMBERED = 256;

/**
 * A token is its own record: what it says, and our signature under it. So there is no table to fill up, and tokens stay
 * good over a restart, which matters because the SDKs for Rust and Kotlin go on with a token that was refused. It has the
 * 56 characters of real ones.
 */
export function createIssuedTokens(parts: IssuedTokensParts): IssuedTokens {
  const { clock, secretRandom = systemSecretRandom } = parts;
  const key = storedKey(parts) ?? newKey(parts, secretRandom);
  /** When they expire, in seconds since 1970. */
  const good = new Map<string, number>();

  return {
    issue(ttlSeconds) {
      const head = Buffer.from(secretRandom(HEAD_BYTES));
      head.writeUInt32BE(Math.ceil(clock.now() / 1000) + ttlSeconds);
      return sealed(head);
    },
    remainingSeconds(token) {
      const expiration = good.get(token) ?? verified(token);
      if (expiration === undefined) return undefined;
      const left = expiration - clock.now() / 1000;
      // More than a token can have is left where the clock was stepped back.
      return left > 0 ? Math.min(Math.floor(left), LONGEST_TTL_SECONDS) : undefined;
    },
  };

  function verified(token: string): number | undefined {
    const head = Buffer.from(token, 'base64url').subarray(0, HEAD_BYTES);
    if (head.length < HEAD_BYTES || !isSame(token, sealed(head))) return undefined;
    const expiration = head.readUInt32BE();
    if (good.size >= MOST_REMEMBERED) good.clear();
    good.set(token, expiration);
    return expiration;
  }

  function sealed(head: Buffer): string {
    const signature = hmacSha256(key, head);
    return `${Buffer.concat([head, signature]).toString('base64url')}==`;
  }
}

function storedKey({ keyPath, uid, log, files = systemFiles }: IssuedTokensParts): Buffer | undefined {
  try {
    const text = files.readPrivate(keyPath, uid);
    return text !== undefined && KEY.test(text) ? Buffer.from(text, 'hex') : undefined;
  } catch (error) {
    log.warn('The stored key of metadata tokens is not used: a new one is made. Look who altered its file', {
      path: keyPath,
      because: String(error),
    });
    return undefined;
  }
}

function newKey(
  { keyPath, log, files = systemFiles }: IssuedTokensParts,
  secretRandom: SecretRandom,
): Buffer {
  const key = Buffer.from(secretRandom(KEY_BYTES));
  try {
    files.sweepTemporaries(keyPath);
    files.replace(keyPath, key.toString('hex'), { mode: 0o600 });
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    log.error(
      'The key of metadata tokens cannot be stored: they end with this run. Free the runtime directory',
      { path: keyPath, code },
    );
  }
  return key;
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
