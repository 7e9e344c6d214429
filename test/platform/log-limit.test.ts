import { expect, test } from 'vitest';
import { createLogLimit } from '../../src/platform/log-limit.ts';
import { manualClock } from '../support/manual-clock.ts';

test('lets a burst of each kind through, and then a line now and then', async () => {
  const clock = manualClock();
  const limit = createLogLimit({ clock, atOnce: 3, perMinute: 6 });
  const admitted = (kind: string, times: number) =>
    Array.from({ length: times }, () => limit.admit(kind)).filter((each) => each !== undefined);
  expect(admitted('a', 10)).toEqual([{ leftOut: 0 }, { leftOut: 0 }, { leftOut: 0 }]);
  expect(admitted('b', 1)).toEqual([{ leftOut: 0 }]);
  await clock.advance(9_999);
  expect(admitted('a', 1)).toEqual([]);
  await clock.advance(1);
  expect(admitted('a', 2)).toEqual([{ leftOut: 8 }]);
  await clock.advance(3_600_000);
  expect(admitted('a', 10)).toEqual([{ leftOut: 1 }, { leftOut: 0 }, { leftOut: 0 }]);
});

test('by itself it lets through what an agent has to say in its busiest minute', () => {
  const limit = createLogLimit({ clock: manualClock() });
  const admitted = Array.from({ length: 1_000 }, () => limit.admit('Access denied')).filter(Boolean);
  expect(admitted).toHaveLength(150);
});

test('remembers only so many kinds, and forgets the one that was used longest ago', () => {
  const limit = createLogLimit({ clock: manualClock(), atOnce: 1 });
  expect(limit.admit('first')).toBeDefined();
  expect(limit.admit('kept')).toBeDefined();
  for (let n = 0; n < 255; n++) {
    limit.admit(`kind ${n}`);
    expect(limit.admit('kept')).toBeUndefined();
  }
  expect(limit.admit('first')).toEqual({ leftOut: 0 });
});
