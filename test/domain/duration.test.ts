import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/domain/duration.ts';

describe('parseDuration', () => {
  test.each([
    ['250ms', 250],
    ['90s', 90_000],
    ['5m', 300_000],
    ['6h', 21_600_000],
    ['1.5s', 1_500],
    ['0.25h', 900_000],
    ['007s', 7_000],
    ['0.6ms', 1],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each([
    '',
    ' ',
    '60',
    's',
    '-1s',
    '+1s',
    '0s',
    '0ms',
    '0.0001ms',
    '1 s',
    ' 1s',
    '1s ',
    '1s\n',
    '1.s',
    '.5s',
    '1,5s',
    '1e3s',
    '0x10s',
    '1S',
    '1sec',
    '1d',
    '1m30s',
    'Infinityms',
    'NaNs',
    '١s',
    '1__proto__',
    '1constructor',
    '999999999999999h',
    `${'9'.repeat(400)}s`,
  ])('%j is no duration', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('formatDuration', () => {
  test.each([
    [250, '250ms'],
    [1_000, '1s'],
    [90_000, '90s'],
    [60_000, '1m'],
    [300_000, '5m'],
    [21_600_000, '6h'],
    [3_600_001, '3600001ms'],
    [0, '0s'],
    [0.4, '0s'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  test('what it writes is read back to the same length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 45 }), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
      }),
    );
  });
});
