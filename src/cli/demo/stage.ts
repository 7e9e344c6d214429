import { spawn } from 'node:child_process';
import { type Agent, startAgent } from '../../agent.ts';
import { resolveSettings } from '../../config/resolve.ts';
import { type Clock, pause } from '../../domain/ports.ts';
import { compressedClock } from '../../platform/clock.ts';
import { createLog } from '../../platform/log.ts';
import { createSimulatedInstance, type SimulatedInstance } from '../../simulator/instance.ts';
import { startSimulator } from '../../simulator/server.ts';
import type { CommandWorld } from '../command-world.ts';
import { ownCommand } from '../own-command.ts';
import { type SteadyReader, startReader } from './steady-reader.ts';

/** What the steps of the tour play on. */
export interface Stage {
  /** Of the instance and the agent: hours pass in seconds. */
  readonly clock: Clock;
  readonly instance: SimulatedInstance;
  readonly agent: Agent;
  readonly runtimeDirectory: string;
  /** A consumer that asks the agent socket all the time and remembers what it got. */
  readonly reader: SteadyReader;
  /** The real command, as a process of its own. */
  credentialProcess(): Promise<CommandResult>;
  /** Waits until it is so, for some minutes of compressed time at most. */
  until(what: string, isSo: () => boolean, minutes?: number): Promise<void>;
  /** Lets compressed time pass. */
  minutes(count: number): Promise<void>;
  close(): Promise<void>;
}

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MINUTE_MS = 60_000;
const LOOK_EVERY_MS = 10;
/** A busy machine may need longer for the work of a minute than the minute lasts here. */
const LEAST_PATIENCE_MS = 5_000;

export async function openStage(
  world: CommandWorld,
  runtimeDirectory: string,
  compression: number,
): Promise<Stage> {
  const real = world.clock;
  const clock = compressedClock(real, compression);
  const instance = createSimulatedInstance({
    clock,
    random: world.random,
    role: 'web',
    lifetimeMs: 120 * MINUTE_MS,
    rotateEveryMs: 20 * MINUTE_MS,
  });
  const silent = { error() {}, warn() {}, info() {}, debug() {} };
  const simulator = await startSimulator({ listen: '127.0.0.1:0', instance, clock, log: silent });
  const log = createLog({ level: 'info', format: 'text', clock, stream: indented(world.stdout) });
  const agent = await startAgent(await demoSettings(simulator.url), runtimeDirectory, {
    ...world,
    clock,
    networkClock: real,
    log,
  });
  const reader = startReader(agent.socketPath, real);
  return {
    clock,
    instance,
    agent,
    runtimeDirectory,
    reader,
    credentialProcess: () => runCommand(runtimeDirectory),
    until,
    minutes: (count) => pause(clock, count * MINUTE_MS, world.stop),
    async close() {
      await reader.stop();
      await agent.close();
      await simulator.close();
    },
  };

  async function until(what: string, isSo: () => boolean, minutes = 60): Promise<void> {
    const end = clock.monotonic() + minutes * MINUTE_MS;
    const patience = real.monotonic() + LEAST_PATIENCE_MS;
    while (!isSo()) {
      if (clock.monotonic() > end && real.monotonic() > patience)
        throw new Error(`after ${minutes} minutes it was still not so that ${what}`);
      await pause(real, LOOK_EVERY_MS, world.stop);
    }
  }
}

async function demoSettings(endpoint: string) {
  const result = await resolveSettings({
    env: {},
    flags: {
      'imds.endpoint': endpoint,
      'agent_socket.group': '',
      'container_endpoint.listen': '127.0.0.1:0',
    },
  });
  if (result.ok) return result.settings;
  throw new Error(result.errors.map((error) => error.rule).join('; '));
}

function runCommand(runtimeDirectory: string): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const [program = '', ...own] = ownCommand();
  const args = [...own, 'credential-process', '--runtime-dir', runtimeDirectory];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: {} });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.on('error', reject);
  child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  return promise;
}

/** The agent's own log lines stand below the step that causes them. */
function indented(stdout: NodeJS.WritableStream): NodeJS.WritableStream {
  const prefix = '     log: ';
  return Object.assign(Object.create(stdout), {
    write: (line: string) => stdout.write(prefix + String(line).replace(/^\S+ /, '')),
  });
}
