import { boundedMap } from '../domain/bounded-map.ts';
import { fullBucket, type TokenBucket, takeToken } from '../domain/token-bucket.ts';

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

interface Kind {
  readonly bucket: TokenBucket;
  leftOut: number;
}

/** A token bucket for each message. */
export function createLogLimit({
  clock,
  atOnce = AT_ONCE,
  perMinute = PER_MINUTE,
}: LogLimitOptions): LogLimit {
  const rate = { atOnce, perSecond: perMinute / 60 };
  const kinds = boundedMap<Kind>(MOST_KINDS);
  return {
    admit(message) {
      const now = clock.monotonic();
      const kind = kinds.use(message, () => ({ bucket: fullBucket(rate, now), leftOut: 0 }));
      if (!takeToken(kind.bucket, now, rate)) {
        kind.leftOut += 1;
        return undefined;
      }
      const { leftOut } = kind;
      kind.leftOut = 0;
      return { leftOut };
    },
  };
}
