import { type Agent, startAgent } from '../../src/agent.ts';
import { type Flags, resolveSettings } from '../../src/config/resolve.ts';
import type { Settings } from '../../src/config/settings.ts';
import {
  createSimulatedInstance,
  type InstanceOptions,
  type SimulatedInstance,
} from '../../src/simulator/instance.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { temporaryDirectory } from './agent-process.ts';
import { memoryLog } from './memory-log.ts';
import { type ScenarioClock, scenarioClock } from './scenario-clock.ts';

export interface MachineOptions {
  readonly instance?: Omit<InstanceOptions, 'clock' | 'random'>;
  /** By key, as `{ 'policy.static_stability': 'never' }`. */
  readonly settings?: Flags;
  /** The `[[files]]` of its configuration, in its runtime directory. */
  readonly files?: (runtimeDirectory: string) => Settings['files'];
  readonly rules?: Settings['rules'];
}

/** An instance, its metadata service on loopback, and the agent on it: all real but the time. */
export interface SimulatedMachine extends AsyncDisposable {
  readonly clock: ScenarioClock;
  readonly instance: SimulatedInstance;
  readonly simulator: Simulator;
  readonly log: ReturnType<typeof memoryLog>;
  readonly runtimeDirectory: string;
  /** Throws while none runs. */
  agent(): Agent;
  isRunning(): boolean;
  /** Starts the agent, and lets its first check go as far as it comes without time. */
  start(): Promise<void>;
  /** One more in the same directory, whether one runs there or not. It is for the caller to close. */
  startAnother(settings?: Partial<Settings>): Promise<Agent>;
  stop(): Promise<void>;
  /** Lets time pass for the instance and the agent. */
  advance(ms: number): Promise<void>;
  /** Waits until the check under way has ended, or waits for time to pass: an answer that is late, a pause, a deadline. */
  quiet(): Promise<void>;
}

/**
 * Both ends of every connection to IMDS are in this process, so a request that can go on does so within a few turns of
 * the event loop. Where nothing has moved for this many, something waits for time to pass.
 */
const TURNS_UNTIL_STILL = 300;

export async function simulatedMachine(options: MachineOptions = {}): Promise<SimulatedMachine> {
  const clock = scenarioClock();
  const instance = createSimulatedInstance({
    role: 'web',
    ...options.instance,
    clock,
    random: seededRandom(1),
  });
  const silent = { error() {}, warn() {}, info() {}, debug() {} };
  const simulator = await startSimulator({ listen: '127.0.0.1:0', instance, clock, log: silent });
  const log = memoryLog();
  const directory = temporaryDirectory();
  let running: Agent | undefined;

  return {
    clock,
    instance,
    simulator,
    log,
    runtimeDirectory: directory.path,
    agent,
    isRunning: () => running !== undefined,
    async start() {
      if (running !== undefined) throw new Error('An agent is running already');
      running = await startAnother();
      await quiet();
    },
    startAnother,
    async stop() {
      const ending = agent();
      running = undefined;
      await ending.close();
    },
    advance: (ms) => clock.advance(ms, quiet),
    quiet,
    async [Symbol.asyncDispose]() {
      await running?.close();
      await simulator.close();
      directory[Symbol.dispose]();
    },
  };

  async function startAnother(changes: Partial<Settings> = {}): Promise<Agent> {
    const settings = await machineSettings(simulator, options.settings);
    const files = options.files?.(directory.path) ?? settings.files;
    const rules = options.rules ?? settings.rules;
    return startAgent({ ...settings, files, rules, ...changes }, directory.path, {
      clock,
      networkClock: clock,
      boot: clock.boot,
      random: seededRandom(2),
      log,
      uid: process.geteuid?.() ?? 0,
      pid: process.pid,
      version: '0.0.0',
    });
  }

  function agent(): Agent {
    if (running === undefined) throw new Error('No agent is running');
    return running;
  }

  async function quiet(): Promise<void> {
    let still = 0;
    for (let before = ''; still < TURNS_UNTIL_STILL; ) {
      await new Promise(setImmediate);
      if (running === undefined || running.status().next_check_in_s !== undefined) return;
      const now = `${simulator.requestCounts().total} ${process.getActiveResourcesInfo().length}`;
      still = now === before ? still + 1 : 0;
      before = now;
    }
  }
}

/**
 * A request to IMDS is tried once, so that its requests tell its checks. The socket keeps this process's own group.
 * Nothing but the agent socket listens.
 */
async function machineSettings(simulator: Simulator, flags: Flags = {}): Promise<Settings> {
  const result = await resolveSettings({
    env: { ROLEKEEPER_CONTAINER_ENDPOINT_ENABLED: 'false' },
    flags: {
      'imds.attempts': '1',
      'agent_socket.group': '',
      ...flags,
      'imds.endpoint': simulator.url,
    },
  });
  if (result.ok) return result.settings;
  throw new Error(
    result.errors
      .map(({ source, key, rule, found }) => `${source}: ${key} ${rule}; found ${found}`)
      .join('\n'),
  );
}
