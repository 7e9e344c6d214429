import * as fc from 'fast-check';
import { type HistoryLimits, histories } from './histories.ts';
import type { History } from './history.ts';
import type { Violation } from './judge/invariants.ts';
import { BEGINNING } from './virtual-time.ts';

const DAY_MS = 86_400_000;

export interface Short {
  readonly history: History;
  readonly violation: Violation;
  /** How many histories were lived through to find it. */
  readonly tries: number;
}

/**
 * Makes the failing history of a seed as short as fast-check can in so many tries. `live` tells the first violation of
 * a history that counts; undefined where this one fails no more.
 */
export async function shorten(
  seed: number,
  limits: HistoryLimits,
  live: (history: History) => Promise<Violation | undefined>,
  mostTries: number,
): Promise<Short | undefined> {
  let shortest: Omit<Short, 'tries'> | undefined;
  let tries = 0;
  let { days } = limits;
  const property = fc.asyncProperty(histories(limits), async (made) => {
    if (tries >= mostTries) return true;
    tries++;
    const history = { ...made, days };
    const violation = await live(history);
    if (violation !== undefined) {
      shortest = { history, violation };
      // What is not wrong by then is not worth living on for: there are many to try.
      days = Math.min(days, 1 + Math.ceil((Date.parse(violation.at) - BEGINNING) / DAY_MS));
    }
    return violation === undefined;
  });
  await fc.check(property, { seed, numRuns: 1 });
  return shortest && { ...shortest, tries };
}
