import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SinkAccess, SinkDisk } from '../../../src/delivery/file-sinks/sink-disk.ts';
import type { Held } from '../../../src/domain/life-state.ts';
import { roleCredentials } from '../../support/credentials.ts';
import { type ManualClock, settle } from '../../support/manual-clock.ts';

export interface TemporaryDirectory extends Disposable {
  readonly path: string;
  file(name: string): string;
}

export function temporaryDirectory(parent = tmpdir()): TemporaryDirectory {
  const path = mkdtempSync(join(parent, 'rolekeeper-sinks-'));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** In memory, as /run is, so that thousands of writes do not wait for a disk. */
export function memoryDirectory(): TemporaryDirectory {
  return temporaryDirectory(existsSync('/dev/shm') ? '/dev/shm' : undefined);
}

export const ownUid = process.geteuid?.() ?? -1;
export const ownGid = process.getegid?.() ?? -1;

export function ownAccess(mode = 0o640): SinkAccess {
  return { mode, uid: ownUid, gid: ownGid };
}

export const trusted: ReadonlySet<number> = new Set([0, ownUid]);

export function held(serial: number, expiration = '2026-11-23T14:00:00Z'): Held {
  const role = roleCredentials(serial, expiration);
  return { ...role, generation: serial, advertisedExpiration: role.credentials.expiration };
}

/** A disk that knows whether it works. */
export interface ObservedDisk extends SinkDisk {
  isBusy(): boolean;
  /** Resolves when it has done something, or soon after. */
  next(): Promise<void>;
}

export function observedDisk(disk: SinkDisk): ObservedDisk {
  let busy = 0;
  let waiting: (() => void)[] = [];
  const counted =
    <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      busy++;
      try {
        return await operation(...args);
      } finally {
        busy--;
        for (const resolve of waiting) resolve();
        waiting = [];
      }
    };
  return {
    identity: counted(disk.identity),
    read: counted(disk.read),
    replace: counted(disk.replace),
    remove: counted(disk.remove),
    tryOut: counted(disk.tryOut),
    isBusy: () => busy > 0,
    next() {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      setTimeout(resolve, 5);
      return promise;
    },
  };
}

/** Lets the clock run until the work is done; it stands still while the disk works, which it knows nothing of. */
export async function passing<T>(clock: ManualClock, disk: ObservedDisk, work: Promise<T>): Promise<T> {
  let isDone = false;
  const mark = () => {
    isDone = true;
  };
  work.then(mark, mark);
  while (!isDone) {
    await settle();
    if (isDone) break;
    if (disk.isBusy() || clock.pendingTimers() === 0) await disk.next();
    else await clock.advance(50);
  }
  return work;
}
