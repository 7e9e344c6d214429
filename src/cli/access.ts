/** `rolekeeper access test`: what the configured rules say of a caller. It does not touch the agent. */
import { resolveRules } from '../agent-rules.ts';
import { formatConfigError } from '../config/config-error.ts';
import { loadSettings } from '../config/load.ts';
import { decide } from '../domain/access-policy.ts';
import { decisionReason, surfaceMeaning } from '../domain/access-words.ts';
import { type Caller, type SurfaceName, unixSurfaceNames } from '../domain/caller.ts';
import { accounts } from '../platform/accounts.ts';
import { groupId, userId } from '../platform/groups.ts';
import type { CommandWorld } from './command-world.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

export interface AccessTestOptions {
  readonly config?: string;
  readonly user: string;
  readonly group?: readonly string[];
  readonly unit?: string;
  readonly exe?: string;
  readonly surface: SurfaceName;
}

/** Ends with 0 where the caller may ask, and with 4 where it may not. */
export async function accessTest(options: AccessTestOptions, world: CommandWorld): Promise<ExitCode> {
  const { env, stdout, stderr } = world;
  const loaded = await loadSettings({ configPath: options.config, env, flags: {} });
  if (!loaded.ok) return refuse(...loaded.errors.map(formatConfigError));
  const { rules, errors } = resolveRules(loaded.settings.rules);
  if (errors.length > 0) return refuse(...errors);
  const caller = callerOf(options);
  if (typeof caller === 'string') return refuse(caller);
  const { surface } = options;
  const decision = decide(rules, surface, caller);
  const verdict = decision.allowed ? 'allowed' : 'denied';
  stdout.write(`${verdict} over ${surface}, ${decisionReason(decision, surface)}\n`);
  if (decision.allowed) stdout.write(`${surfaceMeaning(rules, surface)}\n`);
  return decision.allowed ? EXIT.ok : EXIT.notPermitted;

  function refuse(...messages: readonly string[]): ExitCode {
    for (const message of messages) stderr.write(`rolekeeper: ${message}\n`);
    return EXIT.usage;
  }
}

/** What is not named is not known: as the agent, the verdict then takes the doubt into account. */
function callerOf({ user, group, unit, exe, surface }: AccessTestOptions): Caller | string {
  const uid = userId(user);
  if (uid === undefined)
    return `There is no user ${user} on this machine: write one that getent passwd lists`;
  const gids = group?.map((name) => [name, groupId(name)] as const);
  const missing = gids?.find(([, id]) => id === undefined);
  if (missing !== undefined) return `There is no group ${missing[0]} on this machine`;
  const isUnix = unixSurfaceNames.includes(surface);
  if (!isUnix && (unit !== undefined || exe !== undefined)) {
    return `Over ${surface} neither unit nor exe of a caller is known: leave out --unit and --exe`;
  }
  return {
    uid,
    pid: undefined,
    gids: gids === undefined ? accounts().groupsOf(uid) : new Set(gids.flatMap(([, id]) => id ?? [])),
    unit,
    exe,
  };
}
