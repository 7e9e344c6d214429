import { resolveSettings } from '../../src/config/resolve.ts';
import type { Settings } from '../../src/config/settings.ts';
import { drained, eventLoopTurn } from './drained.ts';
import { playHistory } from './happenings.ts';
import type { History } from './history.ts';
import type { Invariant, Violation } from './judge/invariants.ts';
import { seeded } from './seeded.ts';
import { skipCalm } from './skip.ts';
import { World } from './world.ts';

export interface SimulateOptions {
  /** Pass over checks that would find what the last ones found. Default: yes. */
  readonly skip?: boolean;
  readonly jitter?: 'random' | 'none';
  readonly trace?: (line: string) => void;
  /** Look for violations of this one alone. */
  readonly only?: Invariant | undefined;
}

export interface Outcome {
  readonly violations: readonly Violation[];
  readonly checks: number;
  readonly skipped: number;
  readonly requests: number;
  readonly answers: number;
  readonly logLines: number;
}

const DAY_MS = 86_400_000;
const BETWEEN_READERS_MS = 8 * 3_600_000;
/** Steps between two turns of the event loop, in which the runtime can clear up. */
const STEPS_PER_TURN = 5_000;

/** Lives through a history, and stops at the first violation. The same history gives the same outcome, always. */
export async function simulate(history: History, options: SimulateOptions = {}): Promise<Outcome> {
  const { skip = true, jitter = 'random', trace, only } = options;
  const world = new World(history, await settingsOf(history), { jitter, trace, only });
  const { time, agenda, violations } = world;
  const end = history.days * DAY_MS;
  let skipped = 0;
  world.start();
  playHistory(world, seeded(history.seed, 3));
  sendReaders(world, seeded(history.seed, 4));
  await drained();

  for (let step = 1; violations.length === 0; step++) {
    const timer = time.nextTimer();
    const timerAt =
      timer === undefined ? Number.POSITIVE_INFINITY : time.elapsed + Math.max(0, timer.due - time.awake);
    const actAt = Math.max(time.elapsed, agenda.nextAt());
    if (Math.min(timerAt, actAt) > end) break;
    if (actAt <= timerAt) {
      time.pass(actAt - time.elapsed);
      agenda.takeNext()?.();
    } else if (timer !== undefined) {
      if (skip) skipped += skipCalm(world, timer);
      time.runNextTimer();
    }
    await drained();
    if (world.settled()) await drained();
    world.readingsOver();
    if (step % STEPS_PER_TURN === 0) await eventLoopTurn();
  }
  world.kill();
  const { checks, requests } = world.requests;
  return { violations, checks, skipped, requests, answers: world.answers.answers, logLines: world.log.lines };
}

/** Readers come by all the time, at moments that have nothing to do with the rest. */
function sendReaders(world: World, random: () => number): void {
  const wait = -Math.log(1 - random()) * BETWEEN_READERS_MS;
  world.agenda.plan(world.time.elapsed + wait, () => {
    world.read();
    sendReaders(world, random);
  });
}

const resolved = new Map<string, Settings>();

async function settingsOf({ stability, onlyRole }: History): Promise<Settings> {
  const key = `${stability} ${onlyRole}`;
  const known = resolved.get(key);
  if (known !== undefined) return known;
  const flags = {
    'imds.endpoint': 'http://127.0.0.1:9', // never connected to: the transport is the simulation's
    'imds.role': onlyRole,
    'policy.static_stability': stability,
  };
  const result = await resolveSettings({ env: {}, flags });
  if (!result.ok) throw new Error(result.errors.map(String).join('; '));
  resolved.set(key, result.settings);
  return result.settings;
}
