import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Architecture } from '../../build/lock.ts';
import type { Packaged } from '../../package.ts';
import { Skipped } from '../tool.ts';

/** What is checked, and a directory to work in. The first check leaves the .deb unpacked in its `root`. */
export interface Subject {
  readonly root: string;
  readonly release: string;
  readonly work: string;
  readonly architecture: Architecture;
  /** The packages for this machine, in `work`. */
  readonly packaged: Packaged;
}

export interface Check {
  /** A claim. */
  readonly title: string;
  /** Throws where it does not hold; may return what it measured. */
  run(subject: Subject): string | undefined | Promise<string | undefined>;
}

/** The path of the package of a format. Skips the check where none could be built. */
export function packageOf({ work, packaged }: Subject, extension: '.deb' | '.rpm' | '.tar.gz'): string {
  const name = packaged.names.find((each) => each.endsWith(extension));
  if (name === undefined) throw new Skipped(packaged.leftOut.join('; '));
  return join(work, name);
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
