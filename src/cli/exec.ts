import { formatDuration } from '../domain/duration.ts';
import { type ExportedSet, environmentOf } from '../domain/export-formats.ts';
import { type AgentSocketOptions, agentSocketPath } from './agent-socket-options.ts';
import type { CommandWorld } from './command-world.ts';
import { CONFLICTING_WITH_KEYS } from './conflicting-variables.ts';
import { become } from './exec/become.ts';
import { findProgram } from './exec/find-program.ts';
import { runAsChild } from './exec/run-as-child.ts';
import { EXIT } from './exit-codes.ts';
import { askForSet } from './served-set.ts';

export interface ExecOptions extends AgentSocketOptions {
  /** Milliseconds of life that the set must have left. None: any usable set will do. */
  readonly minRemaining?: number;
}

/**
 * `rolekeeper exec -- CMD`: becomes the command, with the current set in its environment. Process id, terminal and
 * signals are the command's own from then on, so this returns only where nothing was run (or without execve, the
 * command's exit code): the agent's exit codes, 127 where there is no such program, 126 where it cannot be run.
 *
 * stdin, stdout and stderr are passed on; the runtime closes descriptors above them. The set is not refreshed: for
 * programs that run longer than it lives, there is `rolekeeper env`.
 */
export async function exec(
  command: readonly string[],
  options: ExecOptions,
  world: CommandWorld,
): Promise<number> {
  const { env, stderr, clock, stop } = world;
  const [name = '', ...args] = command;
  const program = findProgram(name, env.PATH);
  if ('problem' in program) return refuse(program.problem, program.exitCode);
  const socketPath = await agentSocketPath(options, world);
  if (socketPath === undefined) return EXIT.usage;
  const served = await askForSet(socketPath, clock);
  if (!served.ok) return refuse(served.message, served.exitCode);
  const tooShort = shortfall(served.set, options.minRemaining ?? 0, clock.now());
  if (tooShort !== undefined) return refuse(tooShort, EXIT.notAvailable);
  if (stop.aborted) return EXIT.failure;

  const { childEnv, removed } = environmentFor(served.set, env);
  if (env.ROLEKEEPER_LOG_LEVEL === 'debug' && removed.length > 0) {
    stderr.write(`rolekeeper: not passed on to ${name}: ${removed.join(', ')}\n`);
  }
  const launch = { file: program.file, argv: [name, ...args], env: childEnv };
  const failed = become(launch);
  if (failed === undefined) return runAsChild(launch);
  const exitCode = failed.code === 'ENOENT' ? 127 : 126;
  return refuse(`${program.file} cannot be run: ${failed.message}`, exitCode);

  function refuse(message: string, exitCode: number): number {
    stderr.write(`rolekeeper: ${message}\n`);
    return exitCode;
  }
}

function shortfall(set: ExportedSet, minRemaining: number, now: number): string | undefined {
  const remaining = set.advertisedExpiration - now;
  if (remaining >= minRemaining) return undefined;
  const left = formatDuration(Math.max(0, Math.floor(remaining / 1000) * 1000));
  return `The credentials have ${left} left, less than the ${formatDuration(minRemaining)} of --min-remaining: IMDS has nothing newer yet; try again in a minute, or ask for less`;
}

/** The environment with the set in it, and the names of what was left out because it names other credentials. */
export function environmentFor(set: ExportedSet, env: NodeJS.ProcessEnv) {
  const childEnv: Record<string, string> = {};
  const removed: string[] = [];
  const ours = new Map(environmentOf(set));
  for (const [name, value] of Object.entries(env)) {
    if (CONFLICTING_WITH_KEYS.includes(name)) removed.push(name);
    else if (value !== undefined && !ours.has(name)) childEnv[name] = value;
  }
  for (const [name, value] of ours) if (value !== undefined) childEnv[name] = value;
  return { childEnv, removed };
}
