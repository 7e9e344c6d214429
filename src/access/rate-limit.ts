import type { Clock } from '../domain/ports.ts';
import { boundedMap } from './bounded-map.ts';

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

interface Bucket {
  left: number;
  at: number;
}

/** A token bucket for each user; callers whose user is unknown share one. */
export function createRateLimit({ monotonic }: Pick<Clock, 'monotonic'>): RateLimit {
  const buckets = boundedMap<Bucket>(MOST_USERS);
  return {
    admits(uid) {
      const now = monotonic();
      const bucket = buckets.use(String(uid), () => ({ left: MOST_AT_ONCE, at: now }));
      bucket.left = Math.min(MOST_AT_ONCE, bucket.left + ((now - bucket.at) / 1000) * MOST_PER_SECOND);
      bucket.at = now;
      if (bucket.left < 1) return false;
      bucket.left -= 1;
      return true;
    },
  };
}
