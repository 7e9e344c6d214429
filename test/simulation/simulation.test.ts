import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { histories } from './histories.ts';
import { describeHistory } from './history.ts';
import { simulate } from './simulate.ts';

/** Half a month each, so that many fit into a test. A failing one is printed as short as fast-check can make it. */
const limits = { days: 15, mostHappenings: 30 };
const SEED = 20_261_124;

test('in 60 histories of 15 days no reader is ever told anything wrong', async () => {
  let answers = 0;
  await fc.assert(
    fc.asyncProperty(histories(limits), async (history) => {
      const outcome = await simulate(history);
      answers += outcome.answers;
      expect(outcome.violations, describeHistory(history)).toEqual([]);
    }),
    { seed: SEED, numRuns: 60 },
  );
  expect(answers).toBeGreaterThan(10_000);
}, 60_000);

test('the same history has the same outcome, always', async () => {
  const [history] = fc.sample(histories(limits), { seed: SEED, numRuns: 1 });
  if (history === undefined) throw new Error('fast-check made no history');
  expect(await simulate(history)).toEqual(await simulate(history));
});
