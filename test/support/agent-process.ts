import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { http } from '../../src/platform/http.ts';
import { type Child, type Ended, rolekeeper, startChild } from './child.ts';
import { isIsolated } from './machine.ts';

/** A credential set as `GET /_control/sets` lists it. */
export interface SimulatedSet {
  readonly roleName: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: string;
}

export interface SimulatorState {
  readonly role: string | null;
  readonly currentSet: { readonly accessKeyId: string; readonly expiration: string } | null;
  readonly requests: {
    readonly token: number;
    readonly list: number;
    readonly document: number;
    readonly total: number;
  };
}

/** `rolekeeper simulate`, running on a free port of 127.0.0.1. */
export interface SimulatorProcess extends AsyncDisposable {
  readonly url: string;
  readonly child: Child;
  /** Changes it: `{ rotate: true }`, `{ role: null }`, `{ fault: … }`. */
  control(command: object): Promise<SimulatorState>;
  state(): Promise<SimulatorState>;
  forgetRequests(): Promise<SimulatorState>;
  /** Every set it ever gave out or would have. */
  sets(): Promise<readonly SimulatedSet[]>;
  currentSet(): Promise<SimulatedSet>;
}

export async function simulatorProcess(...flags: readonly string[]): Promise<SimulatorProcess> {
  const child = startChild([...rolekeeper, 'simulate', '--listen', '127.0.0.1:0', '--quiet', ...flags]);
  const url = (await child.says(/^simulator listening on (http:\/\/127\.0\.0\.1:\d+)\n/))[1] ?? '';
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${url}/_control${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`The simulator refused ${path} ${String(init?.body)}: ${text}`);
    return JSON.parse(text);
  };
  return {
    url,
    child,
    control: (command) => ask('', { method: 'POST', body: JSON.stringify(command) }),
    state: () => ask('/state'),
    forgetRequests: () => ask('/requests', { method: 'DELETE' }),
    sets: () => ask('/sets'),
    async currentSet() {
      const [{ currentSet }, sets]: [SimulatorState, readonly SimulatedSet[]] = [
        await ask('/state'),
        await ask('/sets'),
      ];
      const current = sets.find(({ accessKeyId }) => accessKeyId === currentSet?.accessKeyId);
      if (current === undefined) throw new Error('The simulator has no current set: no role is attached');
      return current;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await child.ended;
    },
  };
}

/** What of `/v1/status` the tests look at. */
export interface AgentStatus {
  readonly generation: number;
  readonly serving: boolean;
  readonly phase: string;
  readonly condition: string;
  readonly reason?: string;
}

export interface AgentAnswer {
  readonly status: number;
  readonly body: string;
}

/** `rolekeeper serve`, listening. */
export interface AgentProcess extends AsyncDisposable {
  readonly child: Child;
  readonly runtimeDirectory: string;
  readonly socketPath: string;
  /** One request to the agent socket, on a connection of its own. */
  ask(path: string): Promise<AgentAnswer>;
  status(): Promise<AgentStatus>;
  /** Asks for the status again and again until it is as wanted. Rejects after 20,000 answers that were not. */
  becomes(isAsWanted: (status: AgentStatus) => boolean): Promise<AgentStatus>;
  /** Ends it cleanly. */
  stop(): Promise<Ended>;
  /** `kill -9`. */
  kill(): Promise<Ended>;
}

export interface AgentOptions {
  /**
   * The simulator's, or another address on loopback; that of IMDS itself only in a network namespace that has nothing else.
   * There is no default: a test's agent asks nobody else.
   */
  readonly endpoint: string;
  /** Default: this checkout's, as the user who runs this. */
  readonly rolekeeper?: readonly string[];
  readonly runtimeDirectory: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How many files it may have open. Default: as many as this process. */
  readonly descriptors?: number;
}

/** Starts an agent and returns once it listens. `GET /v1/credentials` then waits for its first check. */
export async function agentProcess(options: AgentOptions): Promise<AgentProcess> {
  const agent = startAgentProcess(options);
  await agent.child.says(/\bListening\b/);
  return agent;
}

/** Tests run at the same time, and the container endpoint has one port by default. */
const anyPort = ['--container-endpoint-listen', '127.0.0.1:0'];

/** What an agent that has ended leaves in its runtime directory: what its next run needs. */
export const keptForRestart: readonly string[] = ['container-token', 'container-token.state', 'state.json'];

/** Starts an agent and returns at once. */
export function startAgentProcess(options: AgentOptions): AgentProcess {
  const { endpoint, runtimeDirectory, flags = [], env = {}, descriptors } = options;
  const staysHere =
    endpoint.startsWith('http://127.0.0.1:') || (endpoint === 'http://169.254.169.254' && isIsolated());
  if (!staysHere) throw new Error(`Not a loopback endpoint: ${endpoint}`);
  const limit =
    descriptors === undefined ? [] : ['/bin/sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh'];
  const child = startChild(
    [
      ...limit,
      ...(options.rolekeeper ?? rolekeeper),
      'serve',
      ...anyPort,
      '--config',
      '/dev/null',
      '--runtime-dir',
      runtimeDirectory,
      ...flags,
    ],
    { env: { ...env, ROLEKEEPER_IMDS_ENDPOINT: endpoint } },
  );
  const socketPath = join(runtimeDirectory, 'agent.sock');
  const ask = (path: string) => askSocket(socketPath, path);
  const status = async (): Promise<AgentStatus> => JSON.parse((await ask('/v1/status')).body);
  return {
    child,
    runtimeDirectory,
    socketPath,
    ask,
    status,
    async becomes(isAsWanted) {
      let last = await status();
      for (let asked = 1; !isAsWanted(last); asked++) {
        if (asked === 20_000) throw new Error(`Never as wanted. At last: ${JSON.stringify(last)}`);
        last = await status();
      }
      return last;
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGCONT');
      await end('SIGTERM');
    },
  };

  function end(signal: NodeJS.Signals): Promise<Ended> {
    child.kill(signal);
    return child.ended;
  }
}

/** A fresh, empty directory that every user may enter, removed at the end. */
export function temporaryDirectory(prefix = 'rolekeeper-test-'): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(path, 0o755);
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

export function askSocket(socketPath: string, path: string): Promise<AgentAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<AgentAnswer>();
  const options = { socketPath, path, agent: false, headers: { Host: 'localhost' } };
  const request = http.get(options, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    response.on('error', reject);
  });
  request.on('error', reject);
  return promise;
}
