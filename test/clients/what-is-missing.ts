import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from './stage.ts';
import { AGENT_USER, asUser, DENIED_USER, OTHER_USER, SHUT_OUT_USER, TOKENLESS_USER } from './users.ts';

/** Why there are no packet rules, nor anybody whom they could tell from somebody else. */
export function withoutRules(): string | undefined {
  return failed('nft', ['list', 'ruleset']) ?? failed('ip', ['address']) ?? withoutUsers();
}

function withoutUsers(): string | undefined {
  for (const user of [AGENT_USER, TOKENLESS_USER, OTHER_USER, DENIED_USER, SHUT_OUT_USER]) {
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

function failed(program: string, args: readonly string[]): string | undefined {
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return undefined;
  return `${program} ${args[0]}: ${error?.message ?? stderr.trim().replaceAll(/\s+/g, ' ')}`;
}
