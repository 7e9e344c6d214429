import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Which variables a process was started with. Their values stay unread by everybody else. */
export interface ProcessEnvironment {
  readonly pid: number;
  readonly uid: number;
  /** Undefined: this user may not read it. */
  readonly names: ReadonlySet<string> | undefined;
}

/**
 * Of every process there is, as it was started with it (proc(5), `/proc/PID/environ`): what a program has changed since is
 * not in there. One that ends meanwhile is left out.
 *
 * @param root of the proc file system
 */
export function* processEnvironments(root = '/proc'): Generator<ProcessEnvironment> {
  for (const name of readdirSync(root)) {
    if (!/^\d+$/.test(name)) continue;
    const directory = join(root, name);
    try {
      const { uid } = statSync(directory);
      yield { pid: Number(name), uid, names: namesIn(join(directory, 'environ')) };
    } catch {
      // It has ended.
    }
  }
}

function namesIn(file: string): ReadonlySet<string> | undefined {
  try {
    const entries = readFileSync(file, 'latin1').split('\0');
    return new Set(entries.map((entry) => entry.slice(0, Math.max(0, entry.indexOf('=')))));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}
