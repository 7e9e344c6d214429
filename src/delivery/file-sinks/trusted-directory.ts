import { constants } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SinkProblem } from './sink-problem.ts';

const { S_IFLNK: LINK, S_IFDIR: DIRECTORY } = constants;
const WORLD_WRITABLE = 0o002;
const STICKY = 0o1000;

export interface TrustedDirectory {
  /** Everyone may make files in it, and nobody may take away those of others, as in /tmp. */
  readonly isShared: boolean;
}

/**
 * Looks at the directory of a file and at all above it, links resolved and not. Whoever owns one of them, or may
 * write into it, decides what the path means: these have to be root, the agent's user or the file's owner. Throws a
 * `SinkProblem` where others could put something else in place of the file.
 */
export async function checkDirectory(path: string, trusted: ReadonlySet<number>): Promise<TrustedDirectory> {
  const directory = dirname(path);
  for (const each of lineage(directory)) {
    const { uid, mode } = await lstat(each);
    if (type(mode) === LINK && !trusted.has(uid)) throw notTrusted(each, 'is a link that', uid);
  }
  let isShared = false;
  for (const each of lineage(await realpath(directory))) {
    const { uid, mode } = await lstat(each);
    if (type(mode) !== DIRECTORY) throw new SinkProblem(`${each} is not a directory: change the path`);
    if (!trusted.has(uid)) throw notTrusted(each, '', uid);
    isShared = (mode & WORLD_WRITABLE) !== 0;
    if (isShared && (mode & STICKY) === 0) {
      throw new SinkProblem(
        `every user may replace files in ${each}: take that away with chmod o-w ${each}, or change the path`,
      );
    }
  }
  return { isShared };
}

/** `/a/b` is `/`, `/a` and `/a/b`. */
function lineage(directory: string): readonly string[] {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [...lineage(parent), directory];
}

function type(mode: number): number {
  return mode & constants.S_IFMT;
}

function notTrusted(path: string, what: string, uid: number): SinkProblem {
  const words = ['the directory', path, what, 'belongs to uid', uid].filter((word) => word !== '').join(' ');
  return new SinkProblem(
    `${words}, who could put another file in its place: only root, the agent's user and the file's owner may own it`,
  );
}
