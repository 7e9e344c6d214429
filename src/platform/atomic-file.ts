import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { FileAccess } from '../domain/ports.ts';
import { randomName } from './secret-random.ts';

/**
 * Replaces the file as a whole: a reader sees the old bytes or the new ones, never a part. Mode and group are right
 * before the first byte is in the file, whatever the umask. A symlink at `path` is replaced, not followed.
 * Throws the system's error, with nothing left behind; the old file stays as it was.
 */
export function replaceFile(path: string, content: string | Buffer, options: FileAccess): void {
  const temporary = join(dirname(path), `${temporaryPrefix(path)}${randomName(6)}`);
  const fd = openSync(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    try {
      if (options.gid !== undefined) fchownSync(fd, -1, options.gid);
      fchmodSync(fd, options.mode);
      writeAll(fd, Buffer.from(content));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** What the names of a file's temporary neighbours begin with: a killed writer can leave one, the next start sweeps it. */
function temporaryPrefix(path: string): string {
  return `.${basename(path)}.tmp-`;
}

function writeAll(fd: number, content: Buffer): void {
  let offset = 0;
  while (offset < content.length) offset += writeSync(fd, content, offset);
}

/** Removes what killed writers left beside `path`. For the one process that writes it, before its first write. */
export function sweepTemporaries(path: string): void {
  const prefix = temporaryPrefix(path);
  for (const name of readdirSync(dirname(path))) {
    const isOurs = name.startsWith(prefix) && /^[0-9a-f]{12}$/.test(name.slice(prefix.length));
    if (isOurs) rmSync(join(dirname(path), name), { force: true });
  }
}
