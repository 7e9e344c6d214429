import { join } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import { userId } from '../../platform/groups.ts';
import type { AgentOptions } from '../agent-settings.ts';
import { findShadowing, type Shadowing } from '../shadowing.ts';
import { type AgentSeen, lookAtAgent, type SocketFile, socketFileAt } from './look/agent.ts';
import { type ImdsSeen, lookAtImds } from './look/imds.ts';
import {
  type DirectReader,
  imdsPlaces,
  lookAtRules,
  lookForDirectReaders,
  type RulesSeen,
} from './look/network.ts';
import { lookAtProcesses, type ProcessSeen } from './look/processes.ts';
import { lookAtSettings, type SettingsSeen } from './look/settings.ts';
import { lookAtSurfaces, lookAtToken, type SurfaceSeen, type TokenSeen } from './look/surfaces.ts';
import type { Machine } from './machine.ts';

/** Everything that was seen, once. Checks judge it, and look at nothing themselves. */
export interface Examination {
  readonly machine: Machine;
  readonly configuration: SettingsSeen;
  readonly agent: AgentSeen;
  readonly socketFile: SocketFile | undefined;
  /** Undefined: no settings to ask it by. */
  readonly imds: ImdsSeen | undefined;
  readonly tokenPath: string;
  readonly token: TokenSeen;
  /** Empty where no agent answers. */
  readonly surfaces: readonly SurfaceSeen[];
  readonly rules: RulesSeen | undefined;
  /** Undefined: the tables could not be read. */
  readonly directReaders: readonly DirectReader[] | undefined;
  readonly processes: readonly ProcessSeen[];
  readonly shadowing: Shadowing;
}

/** For everything that goes over a network, together; nft has ten seconds of its own for each of its answers. */
const LONGEST_MS = 30_000;

/** Looks, and changes nothing. Ends within a minute where everything hangs. */
export async function examine(options: AgentOptions, machine: Machine): Promise<Examination> {
  const over = new AbortController();
  const cancel = machine.clock.setTimer(LONGEST_MS, () => over.abort());
  try {
    return await look(options, { ...machine, stop: AbortSignal.any([machine.stop, over.signal]) });
  } finally {
    cancel();
  }
}

async function look(options: AgentOptions, machine: Machine): Promise<Examination> {
  const configuration = await lookAtSettings(options, machine);
  const { settings, imds: endpoint, runtimeDirectory, socketPath } = configuration;
  const agent = await lookAtAgent(socketPath, machine);
  const ours = new Set([machine.pid, ...(agent.isUp ? [agent.status.pid] : [])]);
  const places = imdsPlaces(endpoint?.endpoint);
  const readersBefore = lookForDirectReaders(places, ours, machine);
  const tokenPath = join(runtimeDirectory, 'container-token');
  const token = lookAtToken(tokenPath);
  const rules = settings && (await lookAtRules(settings, machine));
  const imds = endpoint && (await lookAtImdsAsPermitted(endpoint, settings, rules, machine));
  const surfaces =
    settings !== undefined && agent.isUp
      ? await lookAtSurfaces(settings, runtimeDirectory, socketPath, token.text, machine)
      : [];
  // Connections to IMDS are short: a second look, some time later, sees more of them.
  const readersAfter = lookForDirectReaders(places, ours, machine);
  return {
    machine,
    configuration,
    agent,
    socketFile: socketFileAt(socketPath),
    imds,
    tokenPath,
    token: token.seen,
    surfaces,
    rules,
    directReaders: readersBefore && readersAfter && withoutTwins([...readersBefore, ...readersAfter]),
    processes: lookAtProcesses(machine),
    shadowing: findShadowing({ ...machine, ownFiles: ownFiles(settings) }),
  };
}

/**
 * Where a lockdown is in force only the agent's user gets through: root asks as that user, then. As itself first: it may get
 * through another way, and whatever is loaded for the first request is loaded by then.
 */
async function lookAtImdsAsPermitted(
  endpoint: Settings['imds'],
  settings: Settings | undefined,
  rules: RulesSeen | undefined,
  machine: Machine,
): Promise<ImdsSeen> {
  const seen = await lookAtImds(endpoint, machine);
  const isRefused = !seen.outcome.ok && seen.outcome.error.kind === 'unreachable';
  const isLocked = rules?.kind === 'in-force' || rules?.kind === 'other';
  const user = settings?.network.agentUser ?? '';
  const uid = user === '' ? undefined : userId(user);
  if (!isRefused || !isLocked || machine.uid !== 0 || uid === undefined || uid === 0) return seen;
  return { ...(await machine.asUser(uid, () => lookAtImds(endpoint, machine))), askedAs: user };
}

function ownFiles(settings: Settings | undefined): ReadonlySet<string> {
  return new Set(settings?.files.map(({ path }) => path));
}

function withoutTwins(readers: readonly DirectReader[]): readonly DirectReader[] {
  return [...new Map(readers.map((each) => [`${each.pid} ${each.uid}`, each])).values()];
}
