import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { histories } from './histories.ts';
import { describeHistory } from './history.ts';
import { historyOf, seedOf } from './numbered.ts';
import { simulate } from './simulate.ts';
import { differenceBySkipping } from './skip-proof.ts';

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

test('a seed replays exactly: the same outcome, and the same trace to the millisecond', async () => {
  const lives = [await traced(), await traced()];
  expect(lives[0]?.trace.length).toBeGreaterThan(100);
  expect(lives[0]).toEqual(lives[1]);

  async function traced() {
    const trace: string[] = [];
    const history = historyOf(seedOf(SEED, 4), limits);
    return { outcome: await simulate(history, { trace: (line) => trace.push(line) }), trace };
  }
});

test('passing over calm checks changes nothing that is shown or logged, nor when', async () => {
  for (let number = 0; number < 6; number++) {
    const history = historyOf(seedOf(SEED, number), { days: 3, mostHappenings: 12 });
    expect(await differenceBySkipping(history), describeHistory(history)).toBeUndefined();
  }
}, 60_000);
