import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Agent } from '../agent.ts';
import { createSimulatedInstance } from '../simulator/instance.ts';
import { type Simulator, startSimulator } from '../simulator/server.ts';
import { type AgentOptions, readAgentSettings } from './agent-settings.ts';
import type { CommandWorld } from './command-world.ts';
import type { ExitCode } from './exit-codes.ts';
import { helperCommand } from './helper-command.ts';
import { runAgent } from './serve.ts';

/**
 * `npm start`: the agent in the foreground to try it out, with lines to paste. On a simulated instance, unless an
 * endpoint is configured; in a directory of its own, unless one is named.
 */
export async function start(options: AgentOptions, world: CommandWorld): Promise<ExitCode> {
  const isDirectoryNamed =
    options.runtimeDir !== undefined || (world.env.ROLEKEEPER_RUNTIME_DIR ?? '') !== '';
  if (isDirectoryNamed) return startIn(options, world);
  const runtimeDir = mkdtempSync(join(tmpdir(), 'rolekeeper-'));
  try {
    return await startIn({ ...options, runtimeDir }, world);
  } finally {
    rmSync(runtimeDir, { recursive: true, force: true });
  }
}

async function startIn(options: AgentOptions, world: CommandWorld): Promise<ExitCode> {
  const read = await readAgentSettings(options, world);
  const isSimulated = read.ok && read.origins['imds.endpoint'] === 'default';
  const simulator = isSimulated ? await simulatedInstance(world) : undefined;
  try {
    // On a port of its own, so that it can be tried beside an agent that is at work.
    const beside = { containerEndpointListen: '127.0.0.1:0', ...options };
    const onSimulator =
      simulator && (await readAgentSettings({ ...beside, imdsEndpoint: simulator.url }, world));
    return await runAgent(onSimulator ?? read, world, (agent) => {
      world.stdout.write(linesToPaste(agent, simulator));
    });
  } finally {
    await simulator?.close();
  }
}

function simulatedInstance({ clock, random }: CommandWorld): Promise<Simulator> {
  const log = { error() {}, warn() {}, info() {}, debug() {} };
  const instance = createSimulatedInstance({ clock, random, role: 'example-role' });
  return startSimulator({ listen: '127.0.0.1:0', instance, clock, log });
}

function linesToPaste({ socketPath, containerUrl }: Agent, simulator: Simulator | undefined): string {
  const directory = dirname(socketPath);
  const profile = helperCommand(directory, existsSync);
  const about =
    simulator === undefined
      ? ''
      : `# No endpoint is configured: these are a simulated instance's credentials, which AWS does not know.
# Look at it and change it: curl -s ${simulator.url}/_control/state
#                           curl -s ${simulator.url}/_control -d '{"rotate":true}'
`;
  const container =
    containerUrl === undefined
      ? ''
      : `
# the environment for any AWS SDK
export AWS_CONTAINER_CREDENTIALS_FULL_URI=${containerUrl}
export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=${directory}/container-token
`;
  return `${about}
# a profile for ~/.aws/config; then: aws configure list --profile rolekeeper
[profile rolekeeper]
${profile === undefined ? '# none: a credential_process line cannot hold these paths' : `credential_process = ${profile}`}

# the agent's API
curl -s --unix-socket ${socketPath} http://localhost/v1/status
${container}
# the environment for the helper and for rolekeeper's other commands
export ROLEKEEPER_RUNTIME_DIR=${directory}

# Ctrl-C stops it
`;
}
