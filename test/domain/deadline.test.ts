import { expect, test } from 'vitest';
import { isSameDeadline, isSameReading } from '../../src/domain/deadline.ts';

test.each([
  [10, 10, true],
  [10, 10.04, true],
  [10.04, 10, true],
  [0, 0.05, true],
  [10, 10.06, false],
  [10.06, 10, false],
])('%d s and %d s are readings of one deadline: %s', (one, other, expected) => {
  expect(isSameReading(one, other)).toBe(expected);
});

test.each([
  ['both have passed', 10, 20, 30, true],
  ['both have passed, one of them now', 10, 30, 30, true],
  ['both have passed, the other now', 30, 10, 30, true],
  ['neither has passed and they differ', 40, 50, 30, false],
  ['neither has passed and they are one', 40, 40.04, 30, true],
  ['the stored one would outlive a set that has ended', 40, 20, 30, false],
  ['the stored one ends a set that is good again', 20, 40, 30, false],
])(
  'where %s: stored %d s, now known %d s, at %d s: the same is %s',
  (_, stored, seconds, uptime, expected) => {
    expect(isSameDeadline(stored, seconds, uptime)).toBe(expected);
  },
);
