import * as fc from 'fast-check';
import { type HistoryLimits, histories } from './histories.ts';
import type { History } from './history.ts';
import { seeded } from './seeded.ts';

/** The histories of a campaign have seeds of their own, so that each can be lived again without the others. */
export function seedOf(campaign: number, number: number): number {
  return Math.floor(seeded(campaign, 1_000 + number)() * 0x8000_0000);
}

/** The history that has this seed: always the same one. */
export function historyOf(seed: number, limits: HistoryLimits): History {
  const [history] = fc.sample(histories(limits), { seed, numRuns: 1 });
  if (history === undefined) throw new Error('fast-check made no history');
  return history;
}
