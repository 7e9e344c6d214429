import { describe, expect, test } from 'vitest';
import { createRateLimit, MOST_AT_ONCE, MOST_PER_SECOND } from '../../src/access/rate-limit.ts';
import { manualClock } from '../support/manual-clock.ts';

describe('defect 13 of the peers: a limit that programs meet', () => {
  test('fifty SDK processes that start at once, with five tries of three requests each, do not', () => {
    const { admits } = createRateLimit(manualClock());
    const answers = Array.from({ length: 50 * 5 * 3 }, () => admits(1001));
    expect(answers).not.toContain(false);
  });

  test('two hundred readers that ask fifty times each at once do not', () => {
    const { admits } = createRateLimit(manualClock());
    expect(Array.from({ length: 200 * 50 }, () => admits(1001))).not.toContain(false);
  });
});

test('one that asks without end is refused, until a second has passed', async () => {
  const clock = manualClock();
  const { admits } = createRateLimit(clock);
  for (let index = 0; index < MOST_AT_ONCE; index++) expect(admits(1001)).toBe(true);
  expect(admits(1001)).toBe(false);
  await clock.advance(1_000);
  const admitted = Array.from({ length: MOST_PER_SECOND * 2 }, () => admits(1001)).filter(Boolean);
  expect(admitted).toHaveLength(MOST_PER_SECOND);
});

test('nobody pays for another user, nor does anybody save up more than the most', async () => {
  const clock = manualClock();
  const { admits } = createRateLimit(clock);
  for (let index = 0; index <= MOST_AT_ONCE; index++) admits(undefined);
  expect([admits(undefined), admits(0), admits(1001)]).toEqual([false, true, true]);
  await clock.advance(3_600_000);
  const admitted = Array.from({ length: MOST_AT_ONCE * 2 }, () => admits(undefined)).filter(Boolean);
  expect(admitted).toHaveLength(MOST_AT_ONCE);
});
