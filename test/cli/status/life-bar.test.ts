import { expect, test } from 'vitest';
import { lifeBar } from '../../../src/cli/status/life-bar.ts';

const MINUTE = 60_000;
/** An hour, a letter for each minute. */
const HOUR = { since: 0, expiration: 60 * MINUTE, advertised: 60 * MINUTE };

test('shows what has passed, where we are, and both windows ahead', () => {
  expect(lifeBar(HOUR, 10 * MINUTE, 60)).toBe(
    `${'#'.repeat(10)}|${'.'.repeat(29)}${'~'.repeat(15)}${'!'.repeat(5)}`,
  );
});

test.each([
  [-MINUTE, /^\|[.~!]{59}$/],
  [0, /^\|[.~!]{59}$/],
  [60 * MINUTE - 1, /^#{59}\|$/],
  [90 * MINUTE, /^#{59}\|$/],
])('keeps to its ends at %i ms', (now, bar) => {
  expect(lifeBar(HOUR, now, 60)).toMatch(bar);
});

test('shows an extension as what lies beyond the true end', () => {
  const extended = { ...HOUR, advertised: 70 * MINUTE };
  expect(lifeBar(extended, 0, 70)).toBe(
    `|${'.'.repeat(39)}${'~'.repeat(15)}${'!'.repeat(5)}${'+'.repeat(10)}`,
  );
});

test('is as long as asked for, also for a life of no length', () => {
  for (const letters of [1, 7, 68]) {
    expect(lifeBar({ since: 5, expiration: 5, advertised: 5 }, 5, letters)).toHaveLength(letters);
  }
});
