import { describe, expect, test } from 'vitest';
import { dueSince, rotationTimes } from '../../src/simulator/rotation.ts';

const minute = 60_000;
const hour = 60 * minute;

describe('rotationTimes', () => {
  test('a period that leaves the old set enough life is taken as it is', () => {
    expect(rotationTimes(6 * hour, hour)).toEqual({ lifetimeMs: 6 * hour, periodMs: hour });
  });

  test('the next set is there at least five minutes before the old one expires', () => {
    expect(rotationTimes(6 * hour, 6 * hour).periodMs).toBeLessThanOrEqual(6 * hour - 5 * minute);
    expect(rotationTimes(6 * hour, 6 * hour).periodMs).toBe(6 * hour - 5 * minute - 1_000);
  });

  test('a compressed lifetime keeps a twelfth as its margin', () => {
    expect(rotationTimes(minute, hour).periodMs).toBe(54_000);
    expect(rotationTimes(2_000, hour).periodMs).toBeGreaterThan(0);
  });

  test.each([0, -1, 1_999, Number.NaN, Number.POSITIVE_INFINITY])(
    'a lifetime of %s ms is refused',
    (lifetime) => {
      expect(() => rotationTimes(lifetime, hour)).toThrow(
        `The lifetime of a credential set must be at least 2 s: it is ${lifetime} ms`,
      );
    },
  );

  test.each([0, -5, Number.NaN])('a period of %s ms is refused', (period) => {
    expect(() => rotationTimes(hour, period)).toThrow(
      `The time between two rotations must be positive: it is ${period} ms`,
    );
  });
});

describe('dueSince', () => {
  test('a set is due until its period is over', () => {
    expect(dueSince(1_999, 1_000, 1_000)).toBe(1_000);
    expect(dueSince(2_000, 1_000, 1_000)).toBe(2_000);
  });

  test('a schedule that nobody looked at for long is caught up with in one step', () => {
    expect(dueSince(1_000_000_500, 0, 1_000)).toBe(1_000_000_000);
  });

  test('a clock that was stepped back changes nothing', () => {
    expect(dueSince(0, 5_000, 1_000)).toBe(5_000);
  });
});
