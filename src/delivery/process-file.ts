import { isSameReading } from '../domain/deadline.ts';
import { keptAnswer } from '../domain/kept-answer.ts';
import type { Held } from '../domain/life-state.ts';
import type { Files, Log } from '../domain/ports.ts';
import { credentialProcessJson } from '../domain/wire-formats.ts';
import type { Boot } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';

/** The file that the fast helper prints from. */
export interface ProcessFile {
  /**
   * Puts the set's answer in place, whole, for `forMs` milliseconds from now; undefined takes the file away.
   * Writes only what differs from what is there. Throws the system's error, and then leaves no file.
   */
  show(held: Held | undefined, forMs: number): void;
}

export interface ProcessFileParts {
  readonly path: string;
  readonly mode: number;
  readonly gid: number | undefined;
  readonly boot: Boot;
  readonly files?: Files;
}

/** One line, as `keptAnswer` makes it: the helper and `rolekeeper credential-process` print from it. */
export function createProcessFile({
  path,
  mode,
  gid,
  boot,
  files = systemFiles,
}: ProcessFileParts): ProcessFile {
  let shown: { held: Held; deadline: number } | undefined;
  files.sweepTemporaries(path);
  remove();
  return {
    show(held, forMs) {
      if (held === undefined) {
        remove();
        return;
      }
      const deadline = boot.uptimeSeconds() + forMs / 1000;
      const isSame = shown?.held === held && isSameReading(shown.deadline, deadline);
      if (isSame) return;
      try {
        files.replace(path, line(held, Math.floor(deadline)), { mode, gid });
        shown = { held, deadline };
      } catch (error) {
        // A file that cannot be replaced must not stay: it would show a set that was replaced or withdrawn.
        remove();
        throw error;
      }
    },
  };

  function remove(): void {
    shown = undefined;
    files.remove(path);
  }

  function line(held: Held, keepUntil: number): string {
    return keptAnswer(credentialProcessJson(held), keepUntil, boot.id);
  }
}

/**
 * A listener that keeps the file in step with what is served. A full or read-only directory is told once, until a set
 * could be written again.
 */
export function keepShown(
  file: ProcessFile,
  log: Log,
): (change: { readonly served: Held | undefined; readonly servedForMs: number }) => void {
  let failing = false;
  return ({ served, servedForMs }) => {
    try {
      file.show(served, servedForMs);
      if (served === undefined) return;
      if (failing) log.info('The process file can be written again');
      failing = false;
    } catch (error) {
      const because = (error as Error).message;
      if (!failing) log.warn('Cannot write the process file. Free the runtime directory', { because });
      failing = true;
    }
  };
}
