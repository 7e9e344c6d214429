import { expect, test } from 'vitest';
import { byTurns, quantile, render } from '../../../scripts/bench/measured.ts';

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

test('writes the ratio of the medians beside its aim, and where both come from', () => {
  const times = { ours: [2, 3, 4], reference: [1, 2, 3] };
  expect(render('helper', { unit: 'ms', ...times, against: 'cat FILE', aim: 2 })).toBe(
    'helper             ratio 1.50, aim ≤ 2    3.0 (2.5 to 3.5) ms against 2.0 (1.5 to 2.5) ms of cat FILE; median (quartiles) of 3',
  );
});
