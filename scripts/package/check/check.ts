import { spawnSync } from 'node:child_process';
import type { Architecture } from '../../build/lock.ts';

/** What is checked, and a directory to work in. The first check leaves the package unpacked in its `root`. */
export interface Subject {
  readonly root: string;
  readonly release: string;
  readonly work: string;
  readonly architecture: Architecture;
  /** The package for this machine. */
  readonly deb: string;
}

export interface Check {
  /** A claim. */
  readonly title: string;
  /** Throws where it does not hold; may return what it measured. */
  run(subject: Subject): string | undefined | Promise<string | undefined>;
}

/** The check could not be made here, and why. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

/** What a command wrote, both streams in one. Throws where it fails, with that. */
export function said(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): string {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: env ?? process.env,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args[0] ?? ''} ended with ${status}:\n${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

export function mustBe(found: string, expected: string, what: string): void {
  if (found !== expected) throw new Error(`${what} must be\n${expected}\nand is\n${found}`);
}

/** Skips the check where neither this machine nor its package archive has the command. */
export function needs(program: string, debian: string): void {
  if (has(program)) return;
  const isRoot = process.geteuid?.() === 0;
  if (isRoot && has('apt-get')) {
    const wait = ['-o', 'DPkg::Lock::Timeout=600', '-qq'];
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', [...wait, 'update'], { env, stdio: 'ignore' });
    const install = [...wait, 'install', '-y', '--no-install-recommends', debian];
    spawnSync('apt-get', install, { env, stdio: 'ignore' });
  }
  if (!has(program)) throw new Skipped(`there is no ${program} here (Debian has it in ${debian})`);
}

function has(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0;
}
