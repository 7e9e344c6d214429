/** A machine to break: the simulator, an agent in a process of its own, and the doctor's view of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { type Machine, thisMachine } from '../../src/cli/doctor/machine.ts';
import { diagnose } from '../../src/cli/doctor.ts';
import { version } from '../../src/cli/version.ts';
import { systemBoot, systemClock } from '../../src/platform/clock.ts';
import { processEnvironments } from '../../src/platform/process-environments.ts';
import {
  createSimulatedInstance,
  type InstanceOptions,
  type SimulatedInstance,
} from '../../src/simulator/instance.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { type AgentProcess, agentProcess, temporaryDirectory } from './agent-process.ts';
import { type Child, type ChildOptions, startChild } from './child.ts';

export interface IllMachineOptions {
  readonly instance?: Omit<InstanceOptions, 'clock' | 'random'>;
  /** Done to the instance before the agent starts. */
  readonly afflict?: (instance: SimulatedInstance) => void;
  /** In place of the simulator. */
  readonly endpoint?: string;
  /** Lines of the configuration, for the agent and the doctor. */
  readonly config?: (place: Place) => string;
  /** Flags of the agent alone. */
  readonly agentFlags?: readonly string[];
  /** False: none runs. */
  readonly agent?: boolean;
}

export interface Place {
  readonly directory: string;
  readonly runtime: string;
  readonly home: string;
  /** Free ones. */
  readonly ports: { readonly container: number; readonly imds: number };
}

export interface IllMachine extends AsyncDisposable, Place {
  readonly endpoint: string;
  readonly configPath: string;
  /** Throws while none runs. */
  agent(): AgentProcess;
  /** A program of this machine: the doctor sees no others. It is ended with the machine. */
  program(command: readonly string[], options?: ChildOptions): Child;
  /** What the doctor says, with this about the machine changed. */
  examine(changes?: Partial<Machine>): Promise<readonly Finding[]>;
}

/** With deadlines that make a fault quick to see. */
const QUICK = '[imds]\nconnect_timeout = "250ms"\nrequest_timeout = "400ms"\n';

export async function illMachine(options: IllMachineOptions = {}): Promise<IllMachine> {
  const temporary = temporaryDirectory();
  const directory = temporary.path;
  const [container, imds] = [await freePort(), await freePort()];
  const place: Place = {
    directory,
    runtime: join(directory, 'run'),
    home: join(directory, 'home'),
    ports: { container, imds },
  };
  mkdirSync(place.home);
  const instance = createSimulatedInstance({
    role: 'web',
    ...options.instance,
    clock: systemClock,
    random: seededRandom(1),
  });
  const silent = { error() {}, warn() {}, info() {}, debug() {} };
  const simulator = await startSimulator({
    listen: '127.0.0.1:0',
    instance,
    clock: systemClock,
    log: silent,
  });
  options.afflict?.(instance);
  const endpoint = options.endpoint ?? simulator.url;
  const configPath = join(directory, 'config.toml');
  writeFileSync(configPath, options.config?.(place) ?? configuration(place));
  const programs: Child[] = [];
  let running: AgentProcess | undefined;
  if (options.agent !== false) {
    running = await agentProcess({
      endpoint,
      runtimeDirectory: place.runtime,
      flags: [
        '--config',
        configPath,
        '--container-endpoint-listen',
        `127.0.0.1:${container}`,
        // What fails once fails every time here.
        '--imds-attempts',
        '1',
        ...(options.agentFlags ?? []),
      ],
    });
    // Answered when the first check has ended.
    await running.ask('/v1/credentials');
    await running.becomes(({ condition }) => condition !== 'starting');
  }

  return {
    ...place,
    endpoint,
    configPath,
    agent() {
      if (running === undefined) throw new Error('No agent runs on this machine');
      return running;
    },
    program(command, childOptions) {
      const child = startChild(command, childOptions);
      programs.push(child);
      return child;
    },
    examine: (changes = {}) =>
      diagnose({ config: configPath, runtimeDir: place.runtime }, { ...view(), ...changes }),
    async [Symbol.asyncDispose]() {
      for (const child of programs) child.kill('SIGKILL');
      await Promise.all(programs.map(({ ended }) => ended));
      await running?.[Symbol.asyncDispose]();
      await simulator.close();
      temporary[Symbol.dispose]();
    },
  };

  /** Real, but narrowed to what belongs to it: others run on the machine that runs the tests. */
  function view(): Machine {
    const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
    const machine = thisMachine({
      env: { ROLEKEEPER_IMDS_ENDPOINT: endpoint },
      uid: process.geteuid?.() ?? 0,
      pid: process.pid,
      version,
      clock: systemClock,
      boot: systemBoot(),
      random: seededRandom(3),
      stdout: sink,
      stderr: sink,
      stop: new AbortController().signal,
    });
    const ours = () => new Set(programs.map(({ pid }) => pid));
    return {
      ...machine,
      accounts: { ...machine.accounts, homes: () => [{ user: 'somebody', path: place.home }] },
      environments: () => [...processEnvironments()].filter(({ pid }) => ours().has(pid)),
      nft: undefined,
      isNetworkUnitEnabled: false,
    };
  }
}

/** What the healthy one has, and most of the ill ones. */
export function configuration({ ports }: Pick<Place, 'ports'>, more = ''): string {
  return `${QUICK}
[agent_socket]
group = ""

[container_endpoint]
listen = "127.0.0.1:${ports.container}"
${more}`;
}

/** One that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export async function deadEndpoint(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

/**
 * A port of loopback that does not answer to a connect: its process is stopped and its backlog is full, so that the
 * kernel drops what else comes.
 */
export async function deafEndpoint(): Promise<AsyncDisposable & { readonly url: string }> {
  const script = `
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.stdout.write(server.address().port + '\\n'));
  `;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  const fillers = Array.from({ length: 8 }, () =>
    net.connect({ port, host: '127.0.0.1' }).on('error', () => {}),
  );
  while (fillers.filter((filler) => !filler.connecting).length < 2) await new Promise(setImmediate);
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
