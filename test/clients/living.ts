import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatedSet } from '../support/agent-process.ts';
import { type Probe, problemWith, type RunningProbe, startProbe } from './probes.ts';
import { outcomeOf, type Result } from './results.ts';
import { openStage, type Stage } from './stage.ts';
import type { Surface } from './surfaces.ts';

/** Long enough for every client to be started with it, short enough to be waited for: it has to be replaced by its end. */
const LIFETIME = '100s';
const MOMENT = 'one client through a rotation';
const BETWEEN_CALLS_MS = 2_000;
/** After the end of its set, for the client that is just asking for the next. */
const GRACE_MS = 10_000;
const CALLS_AFTERWARDS = 3;

/**
 * Clients that hold on to a set for longer than anybody wants to wait: their own window, not the agent's doing. All others
 * have to move on to the new set by the end of the old one at the latest.
 */
function holdsOn({ client }: Probe, surface: Surface): string | undefined {
  if (surface !== 'imds') return undefined;
  if (client.startsWith('boto3')) {
    return 'botocore takes any set from IMDS with under 25 minutes left for one of 17 to 25 minutes more';
  }
  return undefined;
}

/** Each client works on while the key rotates: no call may fail, and every one after it has moved on uses the new set. */
export async function livingClients(
  probes: readonly Probe[],
  missing: (probe: Probe) => string | undefined,
): Promise<{ readonly results: readonly Result[]; readonly stage: Stage }> {
  const stage = await openStage(LIFETIME);
  const results: Result[] = [];
  const add = (probe: Probe, surface: Surface, outcome: string) =>
    results.push({ client: probe.name, surface: `${surface}, ${MOMENT}`, moment: 'living', outcome });
  const started: { probe: Probe; surface: Surface; running: RunningProbe }[] = [];
  for (const probe of probes) {
    for (const surface of livingSurfaces(probe)) {
      const reason = missing(probe) ?? holdsOn(probe, surface);
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
  return { results, stage };
}

function livingSurfaces({ kinds }: Probe): readonly Surface[] {
  const columns = { container: 'container', imds: 'imds', process: 'helper' } as const;
  return kinds.flatMap((kind) => (kind === 'file' ? [] : [columns[kind]]));
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
