import { expect, test } from 'vitest';
import { chart } from '../../../scripts/bench/chart.ts';
import { partOfAim, plain, type Row, shownAim, shownValue, verdictOf } from '../../../scripts/bench/row.ts';
import { markdownTable, textTable } from '../../../scripts/bench/table.ts';

const helper: Row = {
  figure: 'helper / cat FILE',
  unit: '×',
  aim: { most: 1.7 },
  value: 1.523,
  spread: [1.5, 1.61],
  detail: '1.5 ms',
};
const export_: Row = { figure: 'export', unit: '×', aim: { least: 300 }, value: 150, detail: '' };
const missing: Row = {
  figure: 'Go',
  unit: '×',
  aim: { most: 1 },
  value: undefined,
  detail: 'there is no Go',
};

test('a figure is reached up to its aim, whichever way is better', () => {
  expect(verdictOf({ aim: { most: 2 }, value: 2 })).toBe('reached');
  expect(verdictOf({ aim: { most: 2 }, value: 2.01 })).toBe('missed');
  expect(verdictOf({ aim: { least: 2 }, value: 2 })).toBe('reached');
  expect(verdictOf({ aim: { least: 2 }, value: 1.99 })).toBe('missed');
  expect(verdictOf({ aim: undefined, value: 5 })).toBe('for comparison');
  expect(verdictOf(missing)).toBe('not measured');
});

test('all figures fit one axis', () => {
  expect(partOfAim({ aim: { most: 4 }, value: 2 })).toBe(0.5);
  expect(partOfAim(export_)).toBe(2);
  expect(partOfAim(missing)).toBeUndefined();
});

test('no more digits are shown than were measured', () => {
  expect([0, 0.01234, 1.5249, 12.34, 123.4, 1_234.5].map(plain)).toEqual([
    '0',
    '0.0123',
    '1.52',
    '12.3',
    '123',
    '1235',
  ]);
  expect(shownValue(helper)).toBe('1.52 × (1.5 to 1.61)');
  expect(shownAim(export_.aim, '×')).toBe('≥ 300 ×');
});

test('the tables have a line for each figure, and say why one is not there', () => {
  expect(textTable([helper, missing]).split('\n')[2]).toBe(
    'Go                 ≤ 1 ×    –                     not measured  there is no Go',
  );
  expect(markdownTable([helper])).toContain(
    '| helper / cat FILE | ≤ 1.7 × | 1.52 × (1.5 to 1.61) | reached | 1.5 ms |\n',
  );
});

test('the chart has a bar for each figure that was measured against an aim, and escapes what it writes', () => {
  const svg = chart([helper, export_, missing], '2 × CPU <x>');
  expect(svg.match(/<rect /g)).toHaveLength(2);
  expect(svg).toContain('class="missed"');
  expect(svg).toContain('CPU &lt;x&gt;');
});
