import type { FileAccess, Files } from '../../src/domain/ports.ts';

/** `full`: nothing can be written any more, files can still be removed. `read-only`: nothing can be changed. */
export type DiskState = 'well' | 'full' | 'read-only';

export interface MemoryFile {
  readonly content: string;
  readonly mode: number;
}

/** The runtime directory, in memory. It outlives the processes that write it, and ends with the boot. */
export class MemoryFiles implements Files {
  #state: DiskState = 'well';
  readonly #now: () => number;
  #lastReadOnly = Number.NEGATIVE_INFINITY;
  readonly all = new Map<string, MemoryFile>();
  /** Rises with every change of any file. */
  version = 0;
  readonly #tampered = new Map<string, 'content' | 'owner'>();
  /** Called in the middle of the replacement that is to be the writer's last act; see `dieInWrite`. */
  #killWriter: (() => void) | undefined;
  #writesUntilDeath = 0;
  #temporaries = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get state(): DiskState {
    return this.#state;
  }

  set state(state: DiskState) {
    if (this.#state === 'read-only') this.#lastReadOnly = this.#now();
    this.#state = state;
  }

  /** When the disk was read-only last, by the clock that was passed in; now, if it is. */
  readOnlyUntil(): number {
    return this.#state === 'read-only' ? this.#now() : this.#lastReadOnly;
  }

  /** The n-th replacement from now kills its writer when the temporary is written and not yet renamed. */
  dieInWrite(nth: number, kill: () => void): void {
    this.#writesUntilDeath = nth;
    this.#killWriter = kill;
  }

  replace = (path: string, content: string, access: FileAccess): void => {
    if (this.#state === 'full') throw systemError('ENOSPC', 'no space left on device', 'write', path);
    if (this.#state === 'read-only') throw systemError('EROFS', 'read-only file system', 'open', path);
    if (this.#killWriter !== undefined && --this.#writesUntilDeath <= 0) {
      const kill = this.#killWriter;
      this.#killWriter = undefined;
      this.#put(
        `${temporaryPrefix(path)}${this.#temporaries++}`,
        content.slice(0, content.length / 2),
        0o600,
      );
      kill();
      throw new Error('killed');
    }
    this.#put(path, content, access.mode);
  };

  remove = (path: string): void => {
    if (!this.all.has(path)) return;
    if (this.#state === 'read-only') throw systemError('EROFS', 'read-only file system', 'unlink', path);
    this.all.delete(path);
    this.#tampered.delete(path);
    this.version++;
  };

  sweepTemporaries = (path: string): void => {
    for (const name of [...this.all.keys()]) if (name.startsWith(temporaryPrefix(path))) this.remove(name);
  };

  readPrivate = (path: string): string | undefined => {
    if (this.#tampered.get(path) === 'owner') throw new Error('it belongs to uid 1000, expected 990');
    return this.all.get(path)?.content;
  };

  /** Somebody else writes the file: other content, or the same as another user. */
  tamper(path: string, content?: string): void {
    const file = this.all.get(path);
    if (file === undefined || this.#state === 'read-only') return;
    this.#put(path, content ?? file.content, file.mode);
    this.#tampered.set(path, content === undefined ? 'owner' : 'content');
  }

  isTampered(path: string): boolean {
    return this.#tampered.has(path);
  }

  /** The runtime directory of a machine that was just booted. */
  clear(): void {
    this.all.clear();
    this.#tampered.clear();
    this.version++;
  }

  #put(path: string, content: string, mode: number): void {
    this.all.set(path, { content, mode });
    this.#tampered.delete(path);
    this.version++;
  }
}

function temporaryPrefix(path: string): string {
  const slash = path.lastIndexOf('/');
  return `${path.slice(0, slash)}/.${path.slice(slash + 1)}.tmp-`;
}

function systemError(code: string, says: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${says}, ${call} '${path}'`), { code });
}
