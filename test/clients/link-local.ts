import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OTHER_USER, type Stage, TOKENLESS_USER } from './stage.ts';
import { asUser } from './surfaces.ts';

/** The address of the metadata service may be put to use only where nothing but this run's own loopback is there to route it. */
export function isIsolated(): boolean {
  const interfaces = readFileSync('/proc/self/net/dev', 'utf8').match(/^ *\S+(?=:)/gm) ?? [];
  return interfaces.every((name) => name.trim() === 'lo');
}

export interface Redirection extends Disposable {
  /** Why there is none. */
  readonly missing: string | undefined;
}

/**
 * Gives this network namespace's loopback 169.254.169.254, and sends what goes there to the IMDS-compatible endpoint; and
 * port 80 of 127.0.0.1, for a client that drops the port. Until it is disposed of.
 */
export function redirectLinkLocal({ imdsPort }: Stage): Redirection {
  const rules = ['169.254.169.254', '127.0.0.1'].map(
    (address) => `ip daddr ${address} tcp dport 80 redirect to :${imdsPort}`,
  );
  const table = `table ip rolekeeper { chain output { type nat hook output priority -100; ${rules.join('; ')}; }; }`;
  const address = ['169.254.169.254/32', 'dev', 'lo'];
  return {
    missing: failed('nft', ['-f', '-'], table) ?? failed('ip', ['address', 'add', ...address]),
    [Symbol.dispose]() {
      failed('ip', ['address', 'delete', ...address]);
      failed('nft', ['delete', 'table', 'ip', 'rolekeeper']);
    },
  };
}

/** Why nothing can be run as the two users that a tokenless read is tried with. */
export function withoutUsers(): string | undefined {
  for (const user of [TOKENLESS_USER, OTHER_USER]) {
    const [program = '', ...args] = asUser(user);
    const problem = failed(program, [...args, '/bin/true']);
    if (problem !== undefined) return `nothing can be run as ${user} here: ${problem}`;
  }
  return undefined;
}

/** In a user namespace of its own root's directories belong to nobody, and the agent trusts none with those above its file. */
export function withoutFiles(): string | undefined {
  const { uid } = statSync('/');
  return uid === 0 ? undefined : `/ belongs to the user ${uid} here, so the agent writes no file below it`;
}

/**
 * Why no file system can be mounted. A device file of its own, which any user may open, is put over /dev/fuse within this
 * mount namespace, because the system's own is for root only in some places.
 */
export function withoutMounts({ directory }: Stage): string | undefined {
  if (!existsSync('/dev/fuse')) return 'there is no /dev/fuse, so nothing can be mounted';
  const device = join(directory, 'fuse');
  return (
    failed('mknod', ['--mode=666', device, 'c', '10', '229']) ??
    failed('mount', ['--bind', device, '/dev/fuse']) ??
    failed('/bin/sh', ['-c', 'exec 3<>/dev/fuse'])
  );
}

function failed(program: string, args: readonly string[], input = ''): string | undefined {
  const { error, status, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (status === 0) return undefined;
  return `${program} ${args[0]}: ${error?.message ?? stderr.trim().replaceAll(/\s+/g, ' ')}`;
}
