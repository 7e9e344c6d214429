import { describe, expect, test } from 'vitest';
import { clockJump, delayBeforeNextCheck, phaseOf, soundNow } from '../../src/domain/refresh-policy.ts';
import { credentialsOf } from '../support/credentials.ts';

const pace = { checkIntervalMs: 60_000 };
const calm = { phase: 'fresh', failures: 0, rolelessChecks: 0 } as const;
const range = (situation: Parameters<typeof delayBeforeNextCheck>[0], interval = pace) => [
  delayBeforeNextCheck(situation, interval, () => 0),
  delayBeforeNextCheck(situation, interval, () => 1),
];

describe('The phase', () => {
  const set = credentialsOf(1, '2026-11-23T10:00:00Z');
  const before = (seconds: number) => phaseOf(set, set.expiration - seconds * 1000);

  test.each([
    [3600, 'fresh'],
    [1200, 'fresh'],
    [1199, 'advisory'],
    [300, 'advisory'],
    [299, 'mandatory'],
    [0.001, 'mandatory'],
    [0, 'expired'],
    [-1, 'expired'],
  ])('%s s before the expiration is %s', (seconds, phase) => {
    expect(before(seconds)).toBe(phase);
  });
});

describe('The next check', () => {
  test('comes after a minute, give or take a tenth, while all is well', () => {
    expect(range(calm)).toEqual([54_000, 66_000]);
    expect(range({ ...calm, phase: 'advisory' })).toEqual([54_000, 66_000]);
  });

  test.each(['mandatory', 'expired'] as const)('comes after 15 s in the %s phase', (phase) => {
    expect(range({ ...calm, phase })).toEqual([13_500, 16_500]);
  });

  test('never comes later than the configured interval', () => {
    expect(range({ ...calm, phase: 'mandatory' }, { checkIntervalMs: 1000 })).toEqual([900, 1100]);
  });

  test('after a failure backs off from one second, doubling to a minute, with jitter', () => {
    const longest = [1, 2, 3, 6, 7, 8, 2000].map((failures) => range({ ...calm, failures })[0]);
    expect(longest).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
    expect(range({ ...calm, failures: 8 })).toEqual([60_000, 30_000]);
  });

  test.each(['mandatory', 'expired', 'pending'] as const)('backs off to 15 s at most when %s', (phase) => {
    expect(range({ ...calm, phase, failures: 9 })).toEqual([15_000, 7_500]);
  });

  test('looks for a role every 12 s at most, so that an attached one is served within 15 s', () => {
    expect(range({ phase: 'absent', failures: 90, rolelessChecks: 90 })).toEqual([12_000, 6_000]);
  });

  test('makes sure of a lost role in steps of 15 s', () => {
    expect(range({ phase: 'fresh', failures: 1, rolelessChecks: 1 })).toEqual([13_500, 16_500]);
  });
});

describe('The clocks', () => {
  const confirmed = { wall: 1_000_000, monotonic: 500 };

  test('the later of the two decides what time it is', () => {
    expect(soundNow(confirmed, { wall: 1_000_100, monotonic: 550 })).toBe(1_000_100);
    expect(soundNow(confirmed, { wall: 900_000, monotonic: 650 })).toBe(1_000_150);
  });

  test('a jump is what the wall clock did beyond monotonic time, both ways; a late timer is none', () => {
    expect(clockJump(confirmed, { wall: 1_030_000, monotonic: 30_500 })).toBe(0);
    expect(clockJump(confirmed, { wall: 1_032_000, monotonic: 30_500 })).toBe(0);
    expect(clockJump(confirmed, { wall: 1_032_500, monotonic: 30_500 })).toBe(2_500);
    expect(clockJump(confirmed, { wall: 430_000, monotonic: 30_500 })).toBe(-600_000);
    expect(clockJump(confirmed, { wall: 1_030_000, monotonic: 28_600 })).toBe(0);
  });
});
