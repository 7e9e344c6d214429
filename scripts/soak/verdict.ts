import { median, quantile } from '../bench/measured.ts';
import { plain } from '../bench/row.ts';
import type { Sample } from './sample.ts';

/** Lines for people, the last with the count that CI reads; good as long as no answer was wrong and nothing is held on to. */
export function verdict(samples: readonly Sample[], wrong: readonly string[]) {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const [first, last] = [samples.slice(0, quarter), samples.slice(-quarter)];
  const both = (of: (sample: Sample) => number) => [median(first.map(of)), median(last.map(of))] as const;
  const [memoryThen = 0, memoryNow = 0] = both(({ megabytes }) => megabytes);
  const [descriptorsThen = 0, descriptorsNow = 0] = both(({ descriptors }) => descriptors);
  const [p99Then, p99Now] = both(({ p99 }) => p99);
  const answers = samples.reduce((sum, each) => sum + each.answers, 0);
  const checks = [
    [answers > 0 && wrong.length === 0, `answers: ${answers.toLocaleString('en')}, wrong: ${wrong.length}`],
    [
      descriptorsNow <= descriptorsThen + MORE_DESCRIPTORS,
      `open descriptors, median of the first and the last quarter: ${descriptorsThen}, ${descriptorsNow}`,
    ],
  ] as const;
  const lines = [
    ...wrong.slice(0, 10).map((line) => `wrong: ${line}`),
    `resident memory, median of the first and the last quarter: ${plain(memoryThen)} MB, ${plain(memoryNow)} MB (${change(memoryThen, memoryNow)}); most ${plain(
      quantile(
        samples.map(({ megabytes }) => megabytes),
        1,
      ),
    )} MB`,
    `p99, median of the first and the last quarter: ${plain(p99Then)} ms, ${plain(p99Now)} ms`,
    ...checks.map(([isGood, line]) => `${isGood ? 'held' : 'failed'}: ${line}`),
  ];
  const passed = checks.filter(([isGood]) => isGood).length;
  lines.push(`${passed} passed, ${checks.length - passed} failed`);
  return { lines, isGood: passed === checks.length };
}

/** Connections come and go: so many more at the moment of a sample are none that were lost. */
const MORE_DESCRIPTORS = 5;

function change(then: number, now: number): string {
  const percent = (now / then - 1) * 100;
  return `${percent < 0 ? '−' : '+'}${plain(Math.abs(percent))} %`;
}
