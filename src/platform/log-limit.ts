/** How many lines of one kind are written: so that nothing that goes wrong in a loop fills a disk. */
export interface LogLimit {
  /**
   * Whether a line with this message is to be written now; then with how many of its kind were left out before it.
   * What differs between lines of one kind belongs in their fields, not in the message.
   */
  admit(message: string): { readonly leftOut: number } | undefined;
}

export interface LogLimitOptions {
  readonly clock: { monotonic(): number };
  /** Lines of one kind in a row. */
  readonly atOnce?: number;
  readonly perMinute?: number;
}

/** Far above what changes of state can be: the busiest kind, access decisions, holds itself to less. */
const AT_ONCE = 150;
const PER_MINUTE = 60;
/** Kinds that are remembered. Whichever is pushed out begins anew. */
const MOST_KINDS = 256;

interface Bucket {
  left: number;
  at: number;
  leftOut: number;
}

/** A token bucket for each message. */
export function createLogLimit({
  clock,
  atOnce = AT_ONCE,
  perMinute = PER_MINUTE,
}: LogLimitOptions): LogLimit {
  const buckets = new Map<string, Bucket>();
  return {
    admit(message) {
      const now = clock.monotonic();
      const bucket = buckets.get(message) ?? { left: atOnce, at: now, leftOut: 0 };
      // Last in the order of the map: the first in it is the one that was used longest ago.
      buckets.delete(message);
      buckets.set(message, bucket);
      const [oldest] = buckets.keys();
      if (buckets.size > MOST_KINDS && oldest !== undefined) buckets.delete(oldest);
      bucket.left = Math.min(atOnce, bucket.left + ((now - bucket.at) / 60_000) * perMinute);
      bucket.at = now;
      if (bucket.left < 1) {
        bucket.leftOut += 1;
        return undefined;
      }
      bucket.left -= 1;
      const { leftOut } = bucket;
      bucket.leftOut = 0;
      return { leftOut };
    },
  };
}
