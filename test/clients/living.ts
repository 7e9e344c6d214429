import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatedSet } from '../support/agent-process.ts';
import { type Kind, type Probe, problemWith, type RunningProbe, startProbe } from './probes.ts';
import { outcomeOf, type Result } from './results.ts';
import type { Stage } from './stage.ts';
import type { Surface } from './surfaces.ts';

/** Long enough for every client to be started with it, short enough to be waited for: it has to be replaced by its end. */
export const LIFETIME = '80s';
const MOMENT = 'one client through a rotation';
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
  const add = (probe: Probe, surface: Surface, outcome: string) =>
    results.push({ client: probe.name, surface: `${surface}, ${MOMENT}`, moment: 'living', outcome });
  const started: { probe: Probe; surface: Surface; running: RunningProbe }[] = [];
  for (const probe of probes) {
    for (const [kind, surface] of LIVING_SURFACES) {
      if (!probe.kinds.includes(kind)) continue;
      const reason = missing(probe) ?? (probe.rereads.has(kind) ? undefined : probe.notes);
      if (reason !== undefined) add(probe, surface, `skip: ${reason}`);
      else started.push({ probe, surface, running: await startProbe(stage, probe, surface) });
    }
  }
  const old = await stage.currentSet();
  const first = await Promise.all(started.map(async ({ running }) => problemWith(await running.call(), old)));
  await stage.rotate();
  const set = await stage.currentSet();
  await Promise.all(
    started.map(async ({ probe, surface, running }, index) => {
      const problem = first[index] ?? (await moveOn(running, old, set));
      add(probe, surface, outcomeOf(problem));
      await running[Symbol.asyncDispose]();
    }),
  );
  return results;
}

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
