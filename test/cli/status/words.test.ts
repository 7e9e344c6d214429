import { expect, test } from 'vitest';
import { counted, folded, longTime } from '../../../src/cli/status/words.ts';

test.each([
  [0, '0s'],
  [-5, '0s'],
  [499, '0s'],
  [48_000, '48s'],
  [60_000, '1m'],
  [61_000, '1m 1s'],
  [3_600_000, '1h'],
  [3_601_000, '1h'],
  [5 * 3_600_000 + 12 * 60_000 + 7_000, '5h 12m'],
  [26 * 3_600_000, '1d 2h'],
])('%i ms are %s', (ms, text) => {
  expect(longTime(ms)).toBe(text);
});

test('one is one, and others are several', () => {
  expect([0, 1, 2].map((count) => counted(count, 'check'))).toEqual(['0 checks', '1 check', '2 checks']);
});

test.each([
  ['', ['']],
  ['one two', ['one two']],
  ['one two three', ['one two', 'three']],
  ['unbreakable-word two', ['unbreakable-word', 'two']],
  ['  a   b ', ['a b']],
])('%j in lines of eight letters', (text, lines) => {
  expect(folded(text.trim(), 8)).toEqual(lines);
});
