import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatedSet } from '../support/agent-process.ts';
import { movableClock } from './movable-clock.ts';
import { type Kind, type Probe, problemWith, type RunningProbe, startProbe } from './probes.ts';
import { outcomeOf, type Result } from './results.ts';
import type { Stage } from './stage.ts';
import type { Surface } from './surfaces.ts';

/** Long enough for every client to make its first call with it, short enough to be waited for: it is replaced by its end. */
export const LIFETIME = '120s';
const NO_CLOCK = 'it holds on to its set for half an hour, and there is no libfaketime to move its clock';
const LEFT_AT_ROTATION_MS = 60_000;
const BETWEEN_CALLS_MS = 2_000;
/** After the end of its set, for the client that is just asking for the next. */
const GRACE_MS = 10_000;
const CALLS_AFTERWARDS = 3;

/** What is asked more than once. */
const LIVING_SURFACES: readonly (readonly [Kind, Surface])[] = [
  ['container', 'container'],
  ['imds', 'imds'],
  ['process', 'helper'],
];

/** Each client works on while the key rotates: no call may fail, and every one after it has moved on uses the new set. */
export async function livingClients(
  probes: readonly Probe[],
  missing: (probe: Probe) => string | undefined,
  stage: Stage,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const started: { describe: Description; running: RunningProbe }[] = [];
  const clock = movableClock(join(stage.directory, 'clock'));
  for (const probe of probes) {
    for (const [kind, surface] of LIVING_SURFACES) {
      if (!probe.kinds.includes(kind)) continue;
      const holdsOn = !probe.rereads.has(kind);
      const describe: Description = (outcome) => ({
        client: probe.name,
        surface: `${surface}, one client through a rotation${holdsOn ? ', and half an hour more on its clock' : ''}`,
        moment: 'living',
        outcome,
      });
      const reason =
        missing(probe) ?? (holdsOn && clock === undefined ? `${NO_CLOCK} (${probe.notes})` : undefined);
      if (reason !== undefined) results.push(describe(`skip: ${reason}`));
      else {
        const running = await startProbe(stage, probe, surface, holdsOn ? clock?.env : {});
        started.push({ describe, running });
      }
    }
  }
  // The SDK for JavaScript v2 never answers again where it is given a set with less than 15 seconds left.
  await stage.rotate();
  const old = await stage.currentSet();
  const first = await Promise.all(started.map(async ({ running }) => problemWith(await running.call(), old)));
  // So late that the new set is not about to end when the last of them asks for it.
  await pause(Math.max(0, Date.parse(old.expiration) - LEFT_AT_ROTATION_MS - Date.now()));
  await stage.rotate();
  clock?.putForwardHalfAnHour();
  const set = await stage.currentSet();
  await Promise.all(
    started.map(async ({ describe, running }, index) => {
      results.push(describe(outcomeOf(first[index] ?? (await moveOn(running, old, set)))));
      await running[Symbol.asyncDispose]();
    }),
  );
  return results;
}

type Description = (outcome: string) => Result;

async function moveOn(
  running: RunningProbe,
  old: SimulatedSet,
  set: SimulatedSet,
): Promise<string | undefined> {
  const end = Date.parse(old.expiration) + GRACE_MS;
  for (;;) {
    const call = await running.call();
    if (problemWith(call, set) === undefined) break;
    const problem = problemWith(call, old);
    if (problem !== undefined) return problem;
    if (Date.now() > end) return `it went on with the old set after its end at ${old.expiration}`;
    await pause(BETWEEN_CALLS_MS);
  }
  for (let calls = 0; calls < CALLS_AFTERWARDS; calls++) {
    const problem = problemWith(await running.call(), set);
    if (problem !== undefined) return `after it had moved on: ${problem}`;
  }
  return undefined;
}
