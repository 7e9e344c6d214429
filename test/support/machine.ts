/** What the machine that runs the tests lets them do. Where it does not, a test is skipped and its title says why. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';

/** Where a program is, in the directories of every system; undefined where it is not. */
export function programPath(name: string): string | undefined {
  return ['/bin', '/usr/bin', '/sbin', '/usr/sbin'].map((folder) => `${folder}/${name}`).find(isExecutable);
}

/** Where a Python is that has the module; undefined where there is none. */
export function pythonWith(module: string): string | undefined {
  const print = `import sys, ${module}; print(sys.executable)`;
  const found = ['python3', '/usr/bin/python3'].map((python) => spawnSync(python, ['-c', print]));
  return found
    .find(({ status }) => status === 0)
    ?.stdout.toString()
    .trim();
}

export const isRoot = process.geteuid?.() === 0;

/** A user who is nobody here: not root, and in none of its groups. */
export const NOBODY = 65_534;

/** The address of IMDS may be put to use only where nothing but this run's own loopback is there to route it. */
export function isIsolated(): boolean {
  const interfaces = readFileSync('/proc/self/net/dev', 'utf8').match(/^ *\S+(?=:)/gm) ?? [];
  return interfaces.every((name) => name.trim() === 'lo');
}

/** Runs a command with every file system of `/` read-only; undefined where that cannot be arranged. */
export function onReadOnlyRoot(command: readonly string[]): readonly string[] | undefined {
  const arrange = 'mount -o remount,bind,ro / && [ ! -w / ] && exec "$@"';
  const wrapped = (inner: readonly string[]) => [
    'unshare',
    '--mount',
    '/bin/sh',
    '-c',
    arrange,
    'sh',
    ...inner,
  ];
  return isRoot && succeeds(wrapped(['true'])) ? wrapped(command) : undefined;
}

/**
 * Runs a command as a user who may start no process: every fork fails. (Root may always, so it becomes nobody.)
 * Undefined where that cannot be arranged.
 */
export function withoutForks(command: readonly string[]): readonly string[] | undefined {
  const user = isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
  const wrapped = (inner: readonly string[]) => [...user, 'prlimit', '--nproc=0', ...inner];
  const isArranged = succeeds(wrapped(['true'])) && !succeeds(wrapped(['/bin/sh', '-c', 'true & wait $!']));
  return isArranged ? wrapped(command) : undefined;
}

/** Whether nobody may run this program: its folders can be closed to others, as under /root. */
export function nobodyMayRun(program: string): boolean {
  return isRoot && spawnSync(program, ['--version'], { uid: NOBODY, gid: NOBODY, env: {} }).status === 0;
}

function succeeds([program = '', ...args]: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
