/**
 * What the parts need of the world, as values that are passed in. Production hands over the real ones from
 * `platform/`; tests and the simulation hand over their own. Nothing below `agent.ts` reaches for the ambient ones.
 */

/** An instant: milliseconds since 1970-01-01T00:00:00Z, by the wall clock. */
export type EpochMs = number;

export interface Clock {
  /** The wall clock. It can be stepped, in both directions. */
  now(): EpochMs;
  /** Milliseconds since an arbitrary start. Never goes back; may stand still while the machine is suspended. */
  monotonic(): number;
  /** Calls `action` once after `delayMs`, unless the returned function is called first. */
  setTimer(delayMs: number, action: () => void): () => void;
}

/** A uniform number in [0, 1). For jitter only: nothing secret is made from it. */
export type Random = () => number;

/**
 * What a log line may carry beside its sentence. Flat and printable on purpose: a secret has no such type.
 */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

/** Resolves after `delayMs`, or at once when the signal is (or gets) aborted. Never rejects. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal?.aborted) {
    resolve();
    return promise;
  }
  const cancel = clock.setTimer(delayMs, finish);
  signal?.addEventListener('abort', finish);
  return promise;

  function finish(): void {
    cancel();
    signal?.removeEventListener('abort', finish);
    resolve();
  }
}

/** The files that the agent writes, each as a whole. Throws the system's errors. */
export interface Files {
  /** Readers see the old content or the new, never a part; mode and group are right before there is any content. */
  replace(path: string, content: string, access: FileAccess): void;
  /** No file is no error. */
  remove(path: string): void;
  /** Removes what a killed writer left beside `path`. */
  sweepTemporaries(path: string): void;
  /**
   * The text of a file that only `uid` can have written, or undefined where there is none. Throws, with the reason as
   * the message, where the file is anything else: a link, another owner's, open to others, too large.
   */
  readPrivate(path: string, uid: number): string | undefined;
}

export interface FileAccess {
  /** Permission bits. */
  readonly mode: number;
  /** Undefined: the process's own group. */
  readonly gid?: number | undefined;
}
