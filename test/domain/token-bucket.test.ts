import { expect, test } from 'vitest';
import { fullBucket, takeToken } from '../../src/domain/token-bucket.ts';

const rate = { atOnce: 2, perSecond: 4 };

test('gives so many at once, and then as many as come back', () => {
  const bucket = fullBucket(rate, 1_000);
  const taken = [1_000, 1_000, 1_000, 1_249, 1_250, 1_250, 1_500].map((now) => takeToken(bucket, now, rate));
  expect(taken).toEqual([true, true, false, false, true, false, true]);
});

test('is never fuller than full, however long nobody takes', () => {
  const bucket = fullBucket(rate, 0);
  expect([1, 1, 1].map(() => takeToken(bucket, 1e9, rate))).toEqual([true, true, false]);
});
