/** What the tests of the sinks stand on: a directory, a clock, a log, the commands that were run. New for each test. */
import { readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach } from 'vitest';
import type { FileSinkOptions } from '../../../src/delivery/file-sinks/file-sink.ts';
import {
  createFileSinks,
  type FileSinks,
  type FileSinksParts,
} from '../../../src/delivery/file-sinks/file-sinks.ts';
import { createSinkDisk } from '../../../src/delivery/file-sinks/sink-disk.ts';
import { fileFormat } from '../../../src/domain/file-formats.ts';
import type { Held } from '../../../src/domain/life-state.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import type { Hook, HookResult } from '../../../src/platform/run-hook.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';
import { memoryLog } from '../../support/memory-log.ts';
import { observedDisk, ownUid, passing, type TemporaryDirectory, temporaryDirectory } from './temporary.ts';

export const disk = observedDisk(createSinkDisk(systemRandom));
export const UNTIL = '2026-11-23T14:00:00Z';
export let directory: TemporaryDirectory;
export let path: string;
export let clock: ManualClock;
export let log: ReturnType<typeof memoryLog>;
export let hooks: Hook[];
export let sinks: FileSinks | undefined;

beforeEach(() => {
  directory = temporaryDirectory();
  path = directory.file('credentials');
  clock = manualClock();
  log = memoryLog();
  hooks = [];
});

afterEach(async () => {
  if (sinks !== undefined) await passing(clock, disk, sinks.close());
  sinks = undefined;
  directory[Symbol.dispose]();
});

export function options(more: Partial<FileSinkOptions> = {}): FileSinkOptions {
  return {
    format: 'shared-credentials',
    path,
    profile: 'default',
    mode: 0o640,
    owner: '',
    group: '',
    onChange: ['reload'],
    onChangeTimeout: 30_000,
    atWithdrawal: 'remove',
    atStop: 'keep',
    ...more,
  };
}

export const succeeded: HookResult = { end: { kind: 'exited', status: 0 }, outputBytes: 0 };

/** One file, kept. What an earlier one keeps is to be closed before. */
export function start(more: Partial<FileSinkOptions> = {}, parts: Partial<FileSinksParts> = {}) {
  const started = createFileSinks([options(more)], {
    clock,
    networkClock: clock,
    random: systemRandom,
    disk,
    log,
    uid: ownUid,
    runHook: async (hook) => {
      hooks.push(hook);
      return succeeded;
    },
    ...parts,
  });
  sinks = started;
  return {
    status: () => started.status()[0],
    idle: () => passing(clock, disk, started.idle()),
    async update(served: Held | undefined, isPending = false) {
      started.update(served, isPending);
      await passing(clock, disk, started.idle());
    },
    close: () => passing(clock, disk, started.close()),
  };
}

export const read = () => readFileSync(path, 'latin1');
export const inode = () => statSync(path).ino;
export const keyIn = (format: FileSinkOptions['format'] = 'shared-credentials') =>
  fileFormat(format, 'default').setIn(read())?.accessKeyId.slice(-4);
