import { spawnSync } from 'node:child_process';
import { needs, Skipped } from '../package/tool.ts';

/** Programs by the Debian package that has them. */
const PROGRAMS = {
  debootstrap: 'debootstrap',
  'systemd-nspawn': 'systemd-container',
  ip: 'iproute2',
  nsenter: 'util-linux',
} as const;

/** Installs what is missing, where it may. @throws Skipped where something stays missing */
export function requirePrograms(): void {
  if (process.platform !== 'linux') throw new Skipped('it takes Linux');
  if (process.geteuid?.() !== 0) throw new Skipped('it takes root to boot a machine in namespaces');
  for (const [program, debian] of Object.entries(PROGRAMS)) needs(program, debian);
}

/** @throws Skipped where this system does not allow what a booted machine is made of */
export function requireNamespaces(isolated: readonly string[]): void {
  const probe = `
    ip link set lo up && mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/root &&
    mount -t overlay none -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
  `;
  const { status, stderr } = spawnSync('unshare', [...isolated, 'sh', '-c', probe], { encoding: 'utf8' });
  if (status !== 0)
    throw new Skipped(`this system allows no namespaces or no overlay in them: ${stderr.trim()}`);
}
