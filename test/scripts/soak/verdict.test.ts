import { expect, test } from 'vitest';
import { chart } from '../../../scripts/soak/chart.ts';
import type { Sample } from '../../../scripts/soak/sample.ts';
import { verdict } from '../../../scripts/soak/verdict.ts';

const sample = (minutes: number, changes: Partial<Sample> = {}): Sample => ({
  ...{ minutes, megabytes: 80, descriptors: 30, answers: 100, p50: 1, p99: 2 },
  ...changes,
});
const steady = Array.from({ length: 8 }, (_, index) => sample(index));

test('a soak is good when every answer was and nothing is held on to', () => {
  const { isGood, lines } = verdict(steady, []);
  expect(isGood).toBe(true);
  expect(lines.at(-1)).toBe('2 passed, 0 failed');
  expect(lines.join('\n')).toContain('answers: 800, wrong: 0');
});

test('is not good when an answer was wrong, when there was none, or when descriptors stay open', () => {
  expect(verdict(steady, ['line socket: nothing']).isGood).toBe(false);
  expect(verdict([sample(1, { answers: 0 })], []).isGood).toBe(false);
  const leaking = steady.map((each, index) => ({ ...each, descriptors: 30 + index * 3 }));
  expect(verdict(leaking, []).lines.at(-1)).toBe('1 passed, 1 failed');
});

test('tells how memory has changed, and judges nothing by a time', () => {
  const growing = steady.map((each, index) => ({ ...each, megabytes: 80 + index, p99: index * 100 }));
  const { isGood, lines } = verdict(growing, []);
  expect(isGood).toBe(true);
  expect(lines.join('\n')).toContain('80.5 MB, 86.5 MB (+7.45 %)');
});

test('the chart has three panels, and a second line for the latencies', () => {
  expect(chart(steady, 'here').match(/<polyline/g)).toHaveLength(4);
});
