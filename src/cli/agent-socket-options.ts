import type { Command } from 'commander';
import { locateAgentSocket } from './agent-socket-path.ts';
import type { CommandWorld } from './command-world.ts';

/** What a verb that asks the agent is told about where the agent is. */
export interface AgentSocketOptions {
  readonly config?: string;
  readonly runtimeDir?: string;
}

export function withAgentSocketOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file, where it names another socket path')
    .option('--runtime-dir <dir>', "the agent's runtime directory");
}

/** The socket's path; undefined after an error was told on stderr. */
export async function agentSocketPath(
  { config, runtimeDir }: AgentSocketOptions,
  { env, stderr }: Pick<CommandWorld, 'env' | 'stderr'>,
): Promise<string | undefined> {
  const args = [
    ...(config === undefined ? [] : ['--config', config]),
    ...(runtimeDir === undefined ? [] : ['--runtime-dir', runtimeDir]),
  ];
  const found = await locateAgentSocket(args, env);
  if ('socketPath' in found) return found.socketPath;
  stderr.write(`rolekeeper: ${'error' in found ? found.error : ''}\n`);
  return undefined;
}
