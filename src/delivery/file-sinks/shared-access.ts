import type { SinkAccess } from './sink-disk.ts';
import { SinkProblem } from './sink-problem.ts';

const GROUP_BITS = 0o070;

/**
 * The access of a file that holds other profiles too: it stays as it is, so that nobody loses those profiles and nobody
 * gets at them. Throws a `SinkProblem` where then more users than the settings allow could read our credentials.
 */
export function sharedAccess(existing: SinkAccess, allowed: SinkAccess): SinkAccess {
  const isSameGroup = existing.gid === allowed.gid || (existing.mode & GROUP_BITS) === 0;
  const isNoWider = (existing.mode & ~allowed.mode) === 0;
  if (existing.uid === allowed.uid && isSameGroup && isNoWider) return existing;
  const mode = existing.mode.toString(8).padStart(4, '0');
  throw new SinkProblem(
    `the file holds other profiles, and belongs to uid ${existing.uid} and gid ${existing.gid} with mode ${mode}: say the same with owner, group and mode (the last digit 0), or choose another path`,
  );
}
