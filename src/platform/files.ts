import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync, type Stats } from 'node:fs';
import type { Files } from '../domain/ports.ts';
import { replaceFile, sweepTemporaries } from './atomic-file.ts';

/** Bytes. A private file larger than this is not one of ours. */
const LARGEST_FILE_BYTES = 64 * 1024;

/** The machine's file system. */
export const systemFiles: Files = {
  replace: replaceFile,
  remove: (path) => rmSync(path, { force: true }),
  sweepTemporaries,
  readPrivate(path, uid) {
    try {
      return readOwnFile(path, uid);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
};

function readOwnFile(path: string, uid: number): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const problem = oddity(fstatSync(fd), uid);
    if (problem !== undefined) throw new Error(problem);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

function oddity(stats: Stats, uid: number): string | undefined {
  if (!stats.isFile()) return 'it is not a regular file';
  if (stats.uid !== uid) return `it belongs to uid ${stats.uid}, expected ${uid}`;
  if (stats.nlink !== 1) return `it has ${stats.nlink} links, expected 1`;
  const mode = stats.mode & 0o777;
  if (mode !== 0o600) return `its mode is 0${mode.toString(8)}, expected 0600`;
  if (stats.size > LARGEST_FILE_BYTES)
    return `it has ${stats.size} bytes, expected at most ${LARGEST_FILE_BYTES}`;
  return undefined;
}
