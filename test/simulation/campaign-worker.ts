/** One thread of a campaign: lives through the histories whose numbers it is given, and tells what came of them. */
import { parentPort } from 'node:worker_threads';
import type { Violation } from './judge/invariants.ts';
import { historyOf, seedOf } from './numbered.ts';
import { simulate } from './simulate.ts';
import { differenceBySkipping } from './skip-proof.ts';

export interface Batch {
  readonly campaign: number;
  readonly from: number;
  readonly to: number;
  readonly days: number;
  readonly mostHappenings: number;
}

export interface Failure {
  readonly number: number;
  readonly seed: number;
  /** Undefined: no violation, but the lives with and without skipping differ as `difference` says. */
  readonly violation?: Violation;
  readonly difference?: string;
}

export interface BatchResult {
  readonly counts: Readonly<Record<Count, number>>;
  readonly failures: readonly Failure[];
}

export const COUNTS = [
  'histories',
  'happenings',
  'checks',
  'skipped',
  'requests',
  'answers',
  'logLines',
  'compared',
] as const;
export type Count = (typeof COUNTS)[number];

/** One history in so many is lived twice, with every check made: its first days only, since that takes long. */
const COMPARE_EVERY = 200;
const COMPARED_DAYS = 4;

parentPort?.on('message', (batch: Batch) => {
  void liveThrough(batch).then((result) => parentPort?.postMessage(result));
});

async function liveThrough({ campaign, from, to, ...limits }: Batch): Promise<BatchResult> {
  const counts = Object.fromEntries(COUNTS.map((name) => [name, 0])) as Record<Count, number>;
  const failures: Failure[] = [];
  for (let number = from; number < to; number++) {
    const seed = seedOf(campaign, number);
    const history = historyOf(seed, limits);
    const { violations, ...counted } = await simulate(history);
    for (const name of COUNTS) if (name in counted) counts[name] += counted[name as keyof typeof counted];
    counts.histories++;
    counts.happenings += history.happenings.length;
    for (const violation of violations.slice(0, 1)) failures.push({ number, seed, violation });
    if (number % COMPARE_EVERY !== 0) continue;
    counts.compared++;
    const difference = await differenceBySkipping({ ...history, days: COMPARED_DAYS });
    if (difference !== undefined) failures.push({ number, seed, difference });
  }
  return { counts, failures };
}
