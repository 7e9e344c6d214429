import { spawnSync } from 'node:child_process';

/** Something could not be made or checked here, and why. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

/** Throws `Skipped` where neither this machine nor, for root, its package archive has the command. */
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
  if (!has(program))
    throw new Skipped(`there is no ${program} here: install it (Debian has it in ${debian})`);
}

function has(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0;
}
