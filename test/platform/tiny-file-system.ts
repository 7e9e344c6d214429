import { spawnSync } from 'node:child_process';
import { type Ended, repository, run } from '../support/child.ts';
import { isRoot } from '../support/machine.ts';

const UNSHARE = ['--mount', '/bin/sh', '-c', 'mount -t tmpfs -o size=64k x "$0" && "$@"'];
const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

/** Whether a file system can be mounted for one process alone. */
export const mayMount =
  isRoot && spawnSync('unshare', [...UNSHARE, '/mnt', 'true'], { stdio: 'ignore', env: ENV }).status === 0;

/** For the title of a test that is skipped without. */
export const mountOnly = mayMount ? '' : ' (skipped: no file system can be mounted here)';

/**
 * Runs an ES module in a process of its own, in which `directory` is a file system of 64 KiB. `code` may import files of
 * `src/` by their path there, and is given the directory in `process.argv[1]`.
 */
export function onTinyFileSystem(directory: string, code: string): Promise<Ended> {
  const source = code.replaceAll("from 'src/", `from '${repository}src/`);
  const command = [process.execPath, '--input-type=module', '-e', source, directory];
  return run(['unshare', ...UNSHARE, directory, ...command], { env: ENV });
}
