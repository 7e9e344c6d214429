/** Lives through histories until one violates an invariant, and shortens that one. A thread, in a copy of the project. */
import { parentPort, workerData } from 'node:worker_threads';
import type { History } from './history.ts';
import type { Invariant, Violation } from './judge/invariants.ts';
import { historyOf, seedOf } from './numbered.ts';
import { shorten } from './shorten.ts';
import { simulate } from './simulate.ts';

export interface Hunt {
  readonly only: Invariant;
  readonly seed: number;
  readonly histories: number;
  readonly days: number;
  readonly mostHappenings: number;
  readonly triesToShorten: number;
}

export interface Catch {
  /** Histories lived through, the failing one included. */
  readonly lived: number;
  readonly seed: number;
  readonly happenings: number;
  readonly violation: Violation;
  readonly short: History;
}

void hunt(workerData as Hunt).then((caught) => parentPort?.postMessage(caught));

async function hunt({ only, seed, histories, triesToShorten, ...limits }: Hunt): Promise<Catch | undefined> {
  const live = async (history: History) => (await simulate(history, { only })).violations.at(0);
  for (let number = 0; number < histories; number++) {
    const failing = seedOf(seed, number);
    const history = historyOf(failing, limits);
    const violation = await live(history);
    if (violation === undefined) continue;
    const short = await shorten(failing, limits, live, triesToShorten);
    return {
      lived: number + 1,
      seed: failing,
      happenings: history.happenings.length,
      violation: short?.violation ?? violation,
      short: short?.history ?? history,
    };
  }
  return undefined;
}
