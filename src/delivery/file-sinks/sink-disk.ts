import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Random } from '../../domain/ports.ts';
import type { ByteText } from '../../domain/profile-section.ts';
import { SinkProblem } from './sink-problem.ts';
import { checkDirectory } from './trusted-directory.ts';

/** Which file stands at a path, and in which state: differs after every edit, in place or by another file. */
export type FileIdentity = string;

export interface SinkFile {
  readonly content: ByteText;
  readonly identity: FileIdentity;
  readonly access: SinkAccess;
}

export interface SinkAccess {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The one file that a sink keeps, in a directory that others may use too. Everything throws a `SinkProblem` or the
 * system's error. `trusted` are the users who may own the directories.
 */
export interface SinkDisk {
  /** Undefined: there is none. Follows no link. */
  identity(path: string): Promise<FileIdentity | undefined>;
  read(path: string, trusted: ReadonlySet<number>): Promise<SinkFile | undefined>;
  /**
   * Puts the content in the place of the file that was read, as a whole, with its access right before there is any
   * content. Undefined, and nothing done, where there is another file than `expected` by now.
   */
  replace(
    path: string,
    content: ByteText,
    access: SinkAccess,
    expected: FileIdentity | undefined,
  ): Promise<FileIdentity | undefined>;
  /** False, and nothing done, where there is another file than `expected` by now. */
  remove(path: string, expected: FileIdentity): Promise<boolean>;
  /** Makes a file beside it with this access and takes it away again; sweeps up what a killed writer left. */
  tryOut(path: string, access: SinkAccess, trusted: ReadonlySet<number>): Promise<void>;
}

/** Bytes. No credentials file of people is near this. */
const LARGEST_FILE = 1024 * 1024;
const MODE_BITS = 0o7777;

/** @param random for the names of temporary files; that they are new is what matters, not that nobody guesses them */
export function createSinkDisk(random: Random): SinkDisk {
  return {
    identity: identityAt,
    read: readFileAt,
    async replace(path, content, access, expected) {
      const { temporary, file } = await temporaryBeside(path, access, random);
      try {
        await file.writeFile(content, 'latin1');
        await file.sync();
        const written = await file.stat({ bigint: true });
        if ((await identityAt(path)) !== expected) {
          await unlink(temporary);
          return undefined;
        }
        await rename(temporary, path);
        // The renaming itself counts as a change of state; an edit right after it must not be taken for ours.
        const { ctimeNs } = await file.stat({ bigint: true });
        return identityOf({
          dev: written.dev,
          ino: written.ino,
          size: written.size,
          mtimeNs: written.mtimeNs,
          ctimeNs,
        });
      } catch (error) {
        await unlink(temporary).catch(() => {});
        throw error;
      } finally {
        await file.close();
      }
    },
    async remove(path, expected) {
      if ((await identityAt(path)) !== expected) return false;
      await unlink(path);
      return true;
    },
    async tryOut(path, access, trusted) {
      await checkDirectory(path, trusted);
      await sweep(path);
      const { temporary, file } = await temporaryBeside(path, access, random);
      await file.close();
      await unlink(temporary);
    },
  };
}

async function identityAt(path: string): Promise<FileIdentity | undefined> {
  try {
    return identityOf(await lstat(path, { bigint: true }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

type FileState = Readonly<Record<'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs', bigint>>;

function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: FileState): FileIdentity {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

async function readFileAt(path: string, trusted: ReadonlySet<number>): Promise<SinkFile | undefined> {
  const { isShared } = await checkDirectory(path, trusted);
  const file = await openAt(path);
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat({ bigint: true });
    if (!stats.isFile()) throw new SinkProblem('what is there is not a regular file: change the path');
    if (stats.nlink !== 1n) {
      throw new SinkProblem(
        `the file has ${stats.nlink} names (hard links), and only one of them would change: remove the others`,
      );
    }
    if (stats.size > LARGEST_FILE)
      throw new SinkProblem('what is there is larger than 1 MiB: change the path');
    if (isShared && !trusted.has(Number(stats.uid))) {
      throw new SinkProblem(
        `the file belongs to uid ${stats.uid}, in a directory where every user can make one: remove it`,
      );
    }
    const content = await file.readFile('latin1');
    const access = { mode: Number(stats.mode) & MODE_BITS, uid: Number(stats.uid), gid: Number(stats.gid) };
    return { content, identity: identityOf(stats), access };
  } finally {
    await file.close();
  }
}

/** Undefined: there is none. Without O_NONBLOCK, opening a named pipe would wait for its writer for ever. */
async function openAt(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') {
      throw new SinkProblem(
        'what is there is a symbolic link, and none is followed or replaced: name the file itself, or remove the link',
      );
    }
    if (code === 'EACCES') throw new SinkProblem("the agent's user may not read the file that is there");
    // Sockets.
    if (code === 'ENXIO') throw new SinkProblem('what is there is not a regular file: change the path');
    throw error;
  }
}

/** New, empty, and with this access already. */
async function temporaryBeside(
  path: string,
  access: SinkAccess,
  random: Random,
): Promise<{ temporary: string; file: FileHandle }> {
  const digits = [random(), random()].map((each) =>
    Math.floor(each * 2 ** 24)
      .toString(16)
      .padStart(6, '0'),
  );
  const temporary = join(dirname(path), `${temporaryPrefix(path)}${digits.join('')}`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(temporary, flags, 0o600);
  try {
    const { uid, gid } = await file.stat();
    if (access.uid !== uid || access.gid !== gid) await file.chown(access.uid, access.gid);
    await file.chmod(access.mode);
    return { temporary, file };
  } catch (error) {
    await file.close();
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

function temporaryPrefix(path: string): string {
  return `.${basename(path)}.rolekeeper-`;
}

async function sweep(path: string): Promise<void> {
  const prefix = temporaryPrefix(path);
  for (const name of await readdir(dirname(path))) {
    const isLeft = name.startsWith(prefix) && /^[\da-f]{12}$/.test(name.slice(prefix.length));
    if (isLeft) await unlink(join(dirname(path), name));
  }
}
