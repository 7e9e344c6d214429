/** What may still be done at once, filled up again at a steady rate. */
export interface TokenBucket {
  left: number;
  /** When it was looked at last, in ms by the monotonic clock. */
  at: number;
}

export interface BucketRate {
  readonly atOnce: number;
  readonly perSecond: number;
}

export function fullBucket({ atOnce }: BucketRate, now: number): TokenBucket {
  return { left: atOnce, at: now };
}

/** Takes one out; false where there is none. Fills the bucket in place: this is done for each request. */
export function takeToken(bucket: TokenBucket, now: number, { atOnce, perSecond }: BucketRate): boolean {
  bucket.left = Math.min(atOnce, bucket.left + ((now - bucket.at) / 1000) * perSecond);
  bucket.at = now;
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}
