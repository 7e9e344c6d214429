import { dirname } from 'node:path';
import { keyIdTail } from '../../domain/credentials.ts';
import { type FileFormatName, fileFormat } from '../../domain/file-formats.ts';
import type { Held } from '../../domain/life-state.ts';
import type { Clock, Log } from '../../domain/ports.ts';
import { type EditParts, editFile, type FileChange } from './edit-file.ts';
import type { HookQueue } from './hook-queue.ts';
import { sharedAccess } from './shared-access.ts';
import type { FileIdentity, SinkAccess, SinkDisk, SinkFile } from './sink-disk.ts';
import { problemOf, SinkProblem } from './sink-problem.ts';

/** One `[[files]]` section of the settings. */
export interface FileSinkOptions {
  readonly format: FileFormatName;
  readonly path: string;
  readonly profile: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  readonly onChange: readonly string[];
  readonly onChangeTimeout: number;
  readonly atWithdrawal: 'keep' | 'remove';
  readonly atStop: 'keep' | 'remove';
}

/** What a file is to hold from now on. */
export type Wish =
  | { readonly kind: 'set'; readonly held: Held }
  /** Nothing was fetched yet: what an earlier run left may stay until it expires. */
  | { readonly kind: 'pending' }
  /** The credentials have expired, or their role is gone. */
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'stopped' };

export interface FileSink {
  /** Does it as soon as possible; of several wishes only the last counts. Never throws. */
  want(wish: Wish): void;
  /** Resolves when the last wish was fulfilled or has failed. */
  idle(): Promise<void>;
  status(): FileSinkStatus;
}

/** For people and monitors. */
export interface FileSinkStatus {
  readonly path: string;
  readonly format: FileFormatName;
  /** The last four characters of the key id that was written; undefined: nothing is there that this agent wrote. */
  readonly key_id?: string;
  /** Why the file is not as it should be. */
  readonly problem?: string;
}

export interface FileSinkParts {
  /** What credentials live by. */
  readonly clock: Clock;
  /** The real one. */
  readonly networkClock: Clock;
  readonly log: Log;
  readonly disk: SinkDisk;
  readonly hooks: HookQueue;
  /** Users who may own the directories, and the file's own access; asked for at every attempt. */
  readonly accessOf: (options: FileSinkOptions) => SinkAccess;
  readonly trusted: (access: SinkAccess) => ReadonlySet<number>;
  /** Why no file may be written there; undefined: it may. */
  readonly objection?: string | undefined;
}

const NOT_TAKEN_OUT = 'may still hold credentials that were to be taken out';

/**
 * Keeps one file. It is written when the key (or the expiration that the file says) changes, and when somebody broke
 * it; looked at whenever there is a wish, so that what failed is tried again with the next check of IMDS.
 */
export function createFileSink(options: FileSinkOptions, parts: FileSinkParts): FileSink {
  const { path } = options;
  const { log, disk, hooks, networkClock, clock } = parts;
  const format = fileFormat(options.format, options.profile);
  let wish: Wish | undefined;
  /** What we know to be in place. */
  let written: { readonly held: Held; readonly identity: FileIdentity } | undefined;
  /** The key that what reads the file was told of. */
  let announced: { readonly accessKeyId: string | undefined } | undefined;
  let problem: { readonly reason: string; readonly message: string } | undefined;
  let working: Promise<void> | undefined = firstLook();

  return {
    want(next) {
      wish = next;
      working ??= work();
    },
    async idle() {
      while (working !== undefined) await working;
    },
    status: () => ({
      path,
      format: options.format,
      ...(written !== undefined && { key_id: keyIdTail(written.held.credentials) }),
      ...(problem !== undefined && { problem: problem.message }),
    }),
  };

  /** So that what is wrong with the path is known when the agent starts, and not when the first key has rotated. */
  async function firstLook(): Promise<void> {
    await attempt('is not written', async () => {
      const access = allowedAccess();
      const trusted = parts.trusted(access);
      await disk.tryOut(path, access, trusted);
      const file = await disk.read(path, trusted);
      announced = { accessKeyId: file && format.setIn(file.content)?.accessKeyId };
      return 'done';
    });
    await work();
  }

  async function work(): Promise<void> {
    for (let done: Wish | undefined; wish !== done; ) {
      done = wish;
      if (done !== undefined) await fulfil(done);
    }
    working = undefined;
  }

  function fulfil(next: Wish): Promise<void> {
    switch (next.kind) {
      case 'set':
        return attempt('is not written', () => put(next.held));
      case 'withdrawn':
        return attempt(NOT_TAKEN_OUT, () => takeOut(options.atWithdrawal));
      case 'stopped':
        return attempt(NOT_TAKEN_OUT, () => takeOut(options.atStop));
      case 'pending':
        return attempt(NOT_TAKEN_OUT, endLeftover);
    }
  }

  async function put(held: Held): Promise<Done> {
    if (written !== undefined && isSaid(held, written.held)) {
      if ((await disk.identity(path)) === written.identity) return 'nothing to do';
    }
    const identity = await edit((file) => {
      announced ??= { accessKeyId: file && format.setIn(file.content)?.accessKeyId };
      return format.withSet(file?.content, held);
    }, accessWithSet);
    written = identity === undefined ? undefined : { held, identity };
    announce(held);
    return 'done';
  }

  async function takeOut(what: 'keep' | 'remove'): Promise<Done> {
    if (what === 'keep') return 'nothing to do';
    const wasWritten = written !== undefined;
    if ((await disk.identity(path)) === undefined) {
      written = undefined;
      return 'nothing to do';
    }
    await edit(
      (file) => (file === undefined ? NOTHING : format.withoutSet(file.content)),
      (file) => file?.access ?? allowedAccess(),
    );
    written = undefined;
    if (wasWritten) log.info('Credentials taken out of the file', { file: path });
    return 'done';
  }

  async function endLeftover(): Promise<Done> {
    if ((await disk.identity(path)) === undefined) return 'nothing to do';
    const file = await disk.read(path, parts.trusted(allowedAccess()));
    const expiration = file && format.setIn(file.content)?.expiration;
    const isOver = expiration !== undefined && expiration <= clock.now();
    return isOver ? takeOut(options.atWithdrawal) : 'nothing to do';
  }

  function edit(change: FileChange, accessFor: EditParts['accessFor']): Promise<FileIdentity | undefined> {
    return editFile(path, change, {
      disk,
      accessFor,
      trusted: parts.trusted(allowedAccess()),
      clock: networkClock,
      isShared: options.format === 'shared-credentials',
      lastWritten: written?.identity,
    });
  }

  function accessWithSet(file: SinkFile | undefined): SinkAccess {
    const others = file && format.withoutSet(file.content);
    const isOurs = others === undefined || (others.ok && others.content === undefined);
    return file === undefined || isOurs ? allowedAccess() : sharedAccess(file.access, allowedAccess());
  }

  function announce(held: Held): void {
    const { accessKeyId } = held.credentials;
    if (announced?.accessKeyId === accessKeyId) return;
    announced = { accessKeyId };
    log.debug('File written', { file: path, key_id: keyIdTail(held.credentials) });
    if (options.onChange.length === 0) return;
    hooks.trigger({ command: options.onChange, file: path, timeoutMs: options.onChangeTimeout });
  }

  function allowedAccess(): SinkAccess {
    if (parts.objection !== undefined) throw new SinkProblem(parts.objection);
    return parts.accessOf(options);
  }

  /** One line in the log for each change of what is wrong, none for a retry. */
  async function attempt(failure: string, action: () => Promise<Done>): Promise<void> {
    try {
      if ((await action()) === 'nothing to do') return;
      if (problem !== undefined) log.info('The file is kept again', { file: path });
      problem = undefined;
    } catch (error) {
      written = undefined;
      const reason = problemOf(error, dirname(path));
      const isNew = reason !== problem?.reason;
      problem = { reason, message: `${path} ${failure}: ${reason}` };
      if (isNew) log.error(problem.message, { file: path });
    }
  }
}

type Done = 'done' | 'nothing to do';

const NOTHING = { ok: true, content: undefined } as const;

/** Whether a file with the one says what a file with the other would say. */
function isSaid(a: Held, b: Held): boolean {
  return (
    a === b ||
    (a.credentials === b.credentials &&
      a.accountId === b.accountId &&
      a.advertisedExpiration === b.advertisedExpiration)
  );
}
