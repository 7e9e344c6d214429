/** The files that are kept up to date for programs that read their credentials from one. */
import type { Held } from '../../domain/life-state.ts';
import { type Clock, type Log, pause, type Random } from '../../domain/ports.ts';
import { groupId, userId } from '../../platform/groups.ts';
import type { RunHook } from '../../platform/run-hook.ts';
import {
  createFileSink,
  type FileSink,
  type FileSinkOptions,
  type FileSinkStatus,
  type Wish,
} from './file-sink.ts';
import { createHookQueue } from './hook-queue.ts';
import { createSinkDisk, type SinkAccess, type SinkDisk } from './sink-disk.ts';
import { SinkProblem } from './sink-problem.ts';

export interface FileSinks {
  /**
   * What consumers may be served from now on; undefined: nothing. `isPending` says that this is so because nothing was
   * fetched yet: what an earlier run left may then stay until it expires. To be called at every change and every check,
   * so that what could not be written is tried again. Never throws, never waits.
   */
  update(served: Held | undefined, isPending?: boolean): void;
  /** Keeps these files instead. One whose settings are the same is left alone; one that is gone, as its `at_stop` says. */
  replace(files: readonly FileSinkOptions[]): Promise<void>;
  /** One for each of the files, in their order. */
  status(): readonly FileSinkStatus[];
  /** Resolves when every file is as the last update said, or has failed to be, and no command runs. */
  idle(): Promise<void>;
  /** Leaves every file as its `at_stop` says, lets commands end, and takes no updates any more. */
  close(): Promise<void>;
}

export interface FileSinksParts {
  /** What credentials live by. */
  readonly clock: Clock;
  /** The real one. */
  readonly networkClock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly runHook: RunHook;
  /** The agent's user. */
  readonly uid: number;
  /** The agent's group; default: this process's. */
  readonly gid?: number;
  readonly disk?: SinkDisk;
  /** Files that are the agent's own: none of `[[files]]` may be one. */
  readonly reserved?: readonly string[];
}

/** A disk that hangs must not keep the agent from stopping. */
const CLOSE_GRACE_MS = 5_000;
const ROOT = 0;

/** Looks at each path at once, and reports in the log what is wrong with it. */
export function createFileSinks(files: readonly FileSinkOptions[], parts: FileSinksParts): FileSinks {
  const { clock, networkClock, log, uid, random, runHook, reserved = [] } = parts;
  const own = { uid, gid: parts.gid ?? process.getegid?.() ?? ROOT };
  const disk = parts.disk ?? createSinkDisk(random);
  const hooks = createHookQueue({ runHook, clock: networkClock, log });
  let sinks = files.map(kept);
  let wish: Wish | undefined;
  let isClosed = false;

  return {
    update(served, isPending = false) {
      if (isClosed) return;
      const next: Wish =
        served === undefined ? { kind: isPending ? 'pending' : 'withdrawn' } : { kind: 'set', held: served };
      wish = next;
      for (const { sink } of sinks) sink.want(next);
    },
    async replace(next) {
      const staying = sinks.filter(({ options }) => next.some((each) => isSame(each, options)));
      const leaving = sinks.filter((each) => !staying.includes(each));
      sinks = staying;
      for (const { options, sink } of leaving) {
        if (!next.some(({ path }) => path === options.path)) sink.want({ kind: 'stopped' });
      }
      // Of two that keep one path, the earlier one has to be through with it.
      await withinGrace(allIdle(leaving));
      if (isClosed) return;
      sinks = next.map((options) => staying.find((each) => isSame(each.options, options)) ?? kept(options));
      for (const each of sinks) {
        if (wish !== undefined && !staying.includes(each)) each.sink.want(wish);
      }
    },
    status: () => sinks.map(({ sink }) => sink.status()),
    async idle() {
      await allIdle(sinks);
      await hooks.idle();
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      for (const { sink } of sinks) sink.want({ kind: 'stopped' });
      await withinGrace(allIdle(sinks));
      await hooks.close();
    },
  };

  function kept(options: FileSinkOptions): KeptFile {
    const sink = createFileSink(options, {
      clock,
      networkClock,
      log,
      disk,
      hooks,
      accessOf: (each) => accessOf(each, own),
      trusted: (access) => new Set([ROOT, uid, access.uid]),
      objection: reserved.includes(options.path)
        ? 'rolekeeper keeps a file of its own there: change the path'
        : undefined,
    });
    return { options, sink };
  }

  async function allIdle(files: readonly KeptFile[]): Promise<void> {
    await Promise.all(files.map(({ sink }) => sink.idle()));
  }

  async function withinGrace(work: Promise<void>): Promise<void> {
    const done = new AbortController();
    void work.finally(() => done.abort());
    await pause(networkClock, CLOSE_GRACE_MS, done.signal);
    if (!done.signal.aborted)
      log.error(
        'A disk does not answer: some files are left as they are; look at the disk, and at the files, before the next start',
      );
  }
}

interface KeptFile {
  readonly options: FileSinkOptions;
  readonly sink: FileSink;
}

/** The settings are plain values in one order. */
function isSame(a: FileSinkOptions, b: FileSinkOptions): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The group of the default settings need not exist: from a checkout nothing has made it. */
const DEFAULT_GROUP = 'rolekeeper';

function accessOf(
  { mode, owner, group }: FileSinkOptions,
  own: { readonly uid: number; readonly gid: number },
): SinkAccess {
  const uid = owner === '' ? own.uid : userId(owner);
  if (uid === undefined) {
    throw new SinkProblem(`there is no user ${owner} on this machine: create it or change owner`);
  }
  const gid = group === '' ? own.gid : groupId(group);
  if (gid === undefined && group !== DEFAULT_GROUP) {
    throw new SinkProblem(`there is no group ${group} on this machine: create it or change group`);
  }
  return { mode, uid, gid: gid ?? own.gid };
}
