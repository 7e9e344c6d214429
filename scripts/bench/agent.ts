import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { byTurns, type Measured } from './measured.ts';
import { end, type Stage, says } from './stage.ts';

/** From spawn until the agent says that it is ready, its first set fetched; against an empty program, run to its end. */
export async function startToReady(stage: Stage): Promise<Measured> {
  const empty = stage.program('');
  const times = await byTurns(
    25,
    async () => {
      const began = performance.now();
      const agent = stage.agent(stage.directory());
      await says(agent, 'stderr', / Ready /);
      const ms = performance.now() - began;
      await end(agent);
      return ms;
    },
    async () => {
      const began = performance.now();
      await once(spawn(process.execPath, [empty], { stdio: 'ignore', env: {} }), 'exit');
      return performance.now() - began;
    },
  );
  return { unit: 'ms', ...times, against: 'an empty program', aim: 3 };
}

/** What a server costs that does nothing: `require`, because `import` of node:http costs 15 MB more (Node 26). */
const IDLE_SERVER =
  "require('node:http').createServer().listen(0, '127.0.0.1', () => console.error(' Ready '))";
/** Until nothing moves any more. */
const SETTLED_MS = 1_000;

/** Resident memory one second after the agent is ready, nobody asking; against a server that nobody asks. */
export async function memory(stage: Stage): Promise<Measured> {
  if (!existsSync('/proc/self/smaps_rollup')) throw new Error('this system has no /proc/PID/smaps_rollup');
  const server = stage.program(IDLE_SERVER);
  const sizes = await byTurns(
    5,
    () => settledSize(stage.agent(stage.directory())),
    () => settledSize(spawn(process.execPath, [server], { stdio: ['ignore', 'ignore', 'pipe'], env: {} })),
  );
  return { unit: 'MB', ...sizes, against: 'an idle node:http server', aim: 1.3 };
}

async function settledSize(child: ChildProcess): Promise<number> {
  await says(child, 'stderr', / Ready /);
  await pause(SETTLED_MS);
  const [, kilobytes] =
    /^Rss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/smaps_rollup`, 'utf8')) ?? [];
  await end(child);
  return Number(kilobytes) / 1024;
}
