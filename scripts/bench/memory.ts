import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { constantServer } from './constant-server.ts';
import { hold, load, surfacesOf, type Target } from './load.ts';
import { byTurns, ratio, sides } from './measured.ts';
import { plain, type Row } from './row.ts';
import { end, residentKiB, type Stage, says } from './stage.ts';

/** Until nothing moves any more. */
const SETTLED_MS = 1_000;

/** One second after the agent is ready, with every surface on and nobody asking; against a server that nobody asks. */
export async function restingMemory(stage: Stage): Promise<readonly Row[]> {
  const server = join(stage.root, 'scripts/bench/references/server.cjs');
  const pairs = await byTurns(
    Math.min(5, stage.rounds(5)),
    async () => {
      const { child } = await stage.agent();
      return settledSize(child);
    },
    async () => {
      const child = stage.start([process.execPath, server, 'tcp', '127.0.0.1:0', '1000']);
      await says(child, 'stderr', / Ready /);
      return settledSize(child);
    },
  );
  const figure = 'resident memory / idle node:http';
  return [
    {
      figure,
      unit: '×',
      aim: { most: 1.25 },
      ...ratio(pairs),
      detail: sides(pairs, 'MB', 'a node:http server'),
    },
  ];
}

async function settledSize(child: ChildProcess): Promise<number> {
  await pause(SETTLED_MS);
  const size = residentKiB(child.pid ?? 0) / 1024;
  await end(child);
  return size;
}

/** Before the measured answers, so that what grows once has grown. */
const WARM_UP = 150_000;
const ANSWERS = 1_000_000;
const SLICE = 12_500;
const LONGEST_MS = 120_000;

/** What a million answers, over all HTTP surfaces, leave behind. */
export async function growth(stage: Stage): Promise<readonly Row[]> {
  const agent = await stage.agent({ leader: stage.tools.pinned(0) });
  const surfaces = await surfacesOf(stage, agent);
  const count = Math.max(100_000, stage.rounds(ANSWERS));
  const warmUp = await ask(WARM_UP);
  const before = residentKiB(agent.pid) / 1024;
  const answers = await ask(count);
  const after = residentKiB(agent.pid) / 1024;
  await agent.end();
  return [
    {
      figure: 'growth over a million answers',
      unit: '%',
      aim: { most: 3 },
      value: (after / before - 1) * 100,
      detail: `${plain(before)} MB after ${shown(warmUp)} answers, ${plain(after)} MB after ${shown(answers)} more`,
    },
  ];

  /** As many as there is time for. */
  async function ask(requests: number): Promise<number> {
    const began = performance.now();
    let asked = 0;
    while (asked < requests && performance.now() - began < LONGEST_MS) {
      for (const surface of surfaces) {
        await load(stage, surface, 32, SLICE);
        asked += SLICE;
        // One user alone may not ask faster.
        if (stage.tools.users === 0) await pause(SLICE / 5);
      }
    }
    return asked;
  }
}

function shown(count: number): string {
  return count.toLocaleString('en');
}

/** On the HTTP surfaces together: the share of one user at each, and the limit of descriptors, ask for that. */
const IDLE = 10_000;

export async function idleConnections(stage: Stage): Promise<readonly Row[]> {
  const bare = await constantServer(stage, 'tcp', 1_000);
  const reference = await held(stage, [bare, bare, bare]);
  const agent = await stage.agent({ leader: stage.tools.pinned(0) });
  const surfaces = await surfacesOf(stage, agent);
  const { each, perConnection, p99 } = await held(stage, surfaces);
  await agent.end();
  const detail = `${(each * surfaces.length).toLocaleString('en')} connections to ${surfaces.length} surfaces`;
  return [
    {
      figure: 'memory of an idle connection',
      unit: 'KiB',
      aim: { most: 6 },
      value: perConnection,
      detail: `${detail}; ${plain(reference.perConnection)} KiB in a node:http server that does nothing else`,
    },
    {
      figure: 'p99 of a client beside idle connections',
      unit: 'ms',
      aim: { most: 10 },
      value: p99 / 1_000,
      detail: `10,000 answers over one connection, beside ${detail}`,
    },
  ];
}

async function held(stage: Stage, targets: readonly Target[]) {
  const each = Math.floor(IDLE / targets.length);
  const [live] = targets;
  if (live === undefined) throw new Error('there is nothing to connect to');
  // A moment of load first: what it makes room for once is not the connections'.
  for (const target of targets) await load(stage, target, 200, 15_000);
  await pause(SETTLED_MS);
  const before = residentKiB(live.pid);
  const release = await Promise.all(targets.map((target) => hold(stage, target, each)));
  await pause(SETTLED_MS);
  const perConnection = (residentKiB(live.pid) - before) / (each * targets.length);
  const { p99 } = await load(stage, live, 1, 10_000);
  for (const letGo of release) await letGo();
  return { each, perConnection, p99 };
}
