import type { Clock, EpochMs, Random } from '../domain/ports.ts';
import { randomText } from './random-text.ts';

/** The metadata tokens that an instance has given out. Their number has no limit on EC2; here the oldest give way. */
export interface MetadataTokens {
  issue(ttlSeconds: number): string;
  /** Whole seconds left, rounded down; undefined for a token that is unknown, forgotten or past its TTL. */
  remainingSeconds(token: string): number | undefined;
  forgetAll(): void;
  /** How many are valid now. */
  count(): number;
}

const base64Url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function createMetadataTokens(clock: Clock, random: Random, limit = 10_000): MetadataTokens {
  const expirations = new Map<string, EpochMs>();
  let serial = 0;

  return {
    issue(ttlSeconds) {
      if (expirations.size >= limit) makeRoom();
      const token = newToken();
      expirations.set(token, clock.now() + ttlSeconds * 1_000);
      return token;
    },
    remainingSeconds(token) {
      const left = (expirations.get(token) ?? 0) - clock.now();
      return left > 0 ? Math.floor(left / 1_000) : undefined;
    },
    forgetAll: () => expirations.clear(),
    count() {
      dropExpired();
      return expirations.size;
    },
  };

  /** 56 characters, as long as the ones that IMDS gives. The serial number keeps them distinct whatever `random` gives. */
  function newToken(): string {
    serial += 1;
    const number = serial.toString(36).padStart(8, '0');
    return `AQAEAEXAMPLE${number}${randomText(random, base64Url, 34)}==`;
  }

  function makeRoom(): void {
    dropExpired();
    for (const oldest of expirations.keys()) {
      if (expirations.size < limit) break;
      expirations.delete(oldest);
    }
  }

  function dropExpired(): void {
    for (const [token, expiration] of expirations) {
      if (expiration <= clock.now()) expirations.delete(token);
    }
  }
}
