import { boundedMap } from '../domain/bounded-map.ts';
import type { Clock } from '../domain/ports.ts';
import { fullBucket, type TokenBucket, takeToken } from '../domain/token-bucket.ts';

export interface RateLimit {
  /** Whether one more request of this user may be answered now. */
  admits(uid: number | undefined): boolean;
}

/**
 * Far above what programs need: fifty SDK processes that start at once ask some hundred times, and two hundred readers
 * that ask fifty times each in a second are served. It is for one that asks in a loop.
 */
export const MOST_AT_ONCE = 20_000;
export const MOST_PER_SECOND = 5_000;
/** Users. Whoever is pushed out begins anew. */
const MOST_USERS = 1_024;

const RATE = { atOnce: MOST_AT_ONCE, perSecond: MOST_PER_SECOND };

/** A token bucket for each user; callers whose user is unknown share one. */
export function createRateLimit({ monotonic }: Pick<Clock, 'monotonic'>): RateLimit {
  const buckets = boundedMap<TokenBucket>(MOST_USERS);
  return {
    admits(uid) {
      const now = monotonic();
      const bucket = buckets.use(String(uid), () => fullBucket(RATE, now));
      return takeToken(bucket, now, RATE);
    },
  };
}
