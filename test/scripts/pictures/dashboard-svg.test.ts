import { describe, expect, test } from 'vitest';
import { type DrawnPanel, dashboardSvg } from '../../../scripts/pictures/dashboard-svg.ts';

const SPAN = {
  begins: Date.parse('2026-11-23T08:00:00Z') / 1000,
  ends: Date.parse('2026-11-24T08:00:00Z') / 1000,
};
const PLACE = { x: 0, y: 0, w: 12, h: 8 };
const lines = (values: readonly number[], unit = ''): DrawnPanel => ({
  title: 'A panel',
  unit,
  place: PLACE,
  lines: [
    { name: 'one', points: values.map((value, index) => [SPAN.begins + index * 3_600, value] as const) },
  ],
});

describe('A panel of lines', () => {
  test('goes from left to right, and higher values are higher', () => {
    const svg = dashboardSvg('title', [lines([0, 5, 10])], SPAN);
    const [, path = ''] = /<path d="(M[^"HV]+)" fill="none"/.exec(svg) ?? [];
    const points = path
      .slice(1)
      .split('L')
      .map((point) => point.split(' ').map(Number));
    expect(points).toHaveLength(3);
    const [[x0 = 0, y0 = 0] = [], [x1 = 0, y1 = 0] = [], [x2 = 0, y2 = 0] = []] = points;
    // To the pixel.
    expect(Math.abs(x1 - x0 - (x2 - x1))).toBeLessThanOrEqual(1);
    expect(Math.abs(y0 - y1 - (y1 - y2))).toBeLessThanOrEqual(1);
    expect([x1 > x0, y0 > y1]).toEqual([true, true]);
  });

  test.each([
    ['s', [21_600], '6 h'],
    ['s', [0.4], '500 ms'],
    ['reqps', [0.15], '0.2/s'],
    ['cpm', [1], '1/min'],
    ['', [], '1'],
  ])('has an axis in %j for %j up to %s', (unit, values, top) => {
    expect(dashboardSvg('title', [lines(values, unit)], SPAN)).toContain(`fill="#8e8e99">${top}</text>`);
  });

  test('has the hours below', () => {
    const svg = dashboardSvg('title', [lines([1])], SPAN);
    for (const hour of ['08:00', '20:00', '04:00']) expect(svg).toContain(`>${hour}</text>`);
  });
});

test('A panel of values has each with its colour and name, and no name can end the markup', () => {
  const stats = [{ name: '<b>&"', value: 90, colour: 'red' }];
  const svg = dashboardSvg('title', [{ title: 'x', unit: 's', place: PLACE, stats }], SPAN);
  expect(svg).toContain('fill="#c4162a"');
  expect(svg).toContain('>2 min</text>');
  expect(svg).toContain('&lt;b&gt;&amp;&quot;');
});
