import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Architecture, readLock } from './lock.ts';

/**
 * Node's executable for an architecture. npm installs that of the machine only; another is asked of the registry, and
 * must be the one that package-lock.json names.
 *
 * @param work a directory for what is downloaded
 */
export function nodeExecutable(root: string, architecture: Architecture, work: string): Buffer {
  const name = `node-linux-${architecture}`;
  const installed = join(root, 'node_modules', name, 'bin/node');
  return readFileSync(existsSync(installed) ? installed : downloaded(root, name, work));
}

function downloaded(root: string, name: string, work: string): string {
  const { version, integrity } = readLock(root).packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined) {
    throw new Error(`Cannot fetch ${name}: package-lock.json does not say which`);
  }
  const args = ['pack', '--silent', '--pack-destination', work, `${name}@${version}`];
  execFileSync('npm', args, { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });
  const archive = join(work, `${name}-${version}.tgz`);
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== integrity) {
    throw new Error(`Cannot use ${name} ${version}: it must be ${integrity}, and the registry gave ${found}`);
  }
  execFileSync('tar', ['-xzf', archive, '-C', work, 'package/bin/node']);
  return join(work, 'package/bin/node');
}
