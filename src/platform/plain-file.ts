import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

export interface PlainFile {
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Bytes. No file that is compared whole comes near this. */
const LARGEST_FILE_BYTES = 64 * 1024;

/** A regular file as it is, whoever wrote it; undefined where there is none, or something else, or too much of it. */
export function readPlainFile(path: string): PlainFile | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO') return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > LARGEST_FILE_BYTES) return undefined;
    return { text: readFileSync(fd, 'utf8'), mode: stats.mode & 0o777, uid: stats.uid, gid: stats.gid };
  } finally {
    closeSync(fd);
  }
}
