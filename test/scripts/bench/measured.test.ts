import { expect, test } from 'vitest';
import { byTurns, quantile, ratio, sides } from '../../../scripts/bench/measured.ts';

test('measures by turns, after one turn each that does not count', async () => {
  const turns: string[] = [];
  const found = await byTurns(
    2,
    () => turns.push('ours'),
    async () => turns.push('reference'),
  );
  expect(turns).toEqual(['ours', 'reference', 'ours', 'reference', 'ours', 'reference']);
  expect(found).toEqual({ ours: [3, 5], reference: [4, 6] });
});

test('takes a quantile between the two nearest values, in whatever order they came', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75);
  expect(quantile([4, 1, 3, 2], 1)).toBe(4);
  expect(quantile([7], 0.75)).toBe(7);
});

test('a ratio is that of the medians, with the quartiles of what each turn gives', () => {
  const pairs = { ours: [2, 3, 8], reference: [1, 2, 2] };
  expect(ratio(pairs)).toEqual({ value: 1.5, spread: [1.75, 3] });
  expect(sides(pairs, 'ms', 'cat FILE')).toBe('3 ms against 2 ms of cat FILE; 3 rounds');
});
