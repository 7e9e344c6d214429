import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { userId } from '../../src/platform/groups.ts';
import { IMDS_V4 } from '../network/instance.ts';
import { rolekeeperIn } from '../network/programs.ts';
import {
  type AgentProcess,
  agentProcess,
  type SimulatedSet,
  type SimulatorProcess,
  simulatorProcess,
  temporaryDirectory,
} from '../support/agent-process.ts';
import { type Ended, rolekeeper, run } from '../support/child.ts';
import { eventually } from '../support/eventually.ts';
import { createJournal, type Journal } from './journal.ts';
import { AGENT_USER, asUser, DENIED_USER, OTHER_USER, TOKENLESS_USER } from './users.ts';

export const ROLE = 'example-role';

/** An instance with everything that a program can get credentials from, and all its surroundings. */
export interface Stage extends AsyncDisposable {
  readonly directory: string;
  readonly lifetime: string;
  readonly simulator: SimulatorProcess;
  readonly agent: AgentProcess;
  readonly containerPort: number;
  readonly imdsPort: number;
  readonly journal: Journal;
  /** All that a program is given: nothing of this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** A directory of its own that any user may write to. */
  directoryFor(name: string): string;
  /** Lines of shell: what `rolekeeper env` prints for this client and surface, as people would paste it. */
  variables(client: string, surface: string, profile?: string): Promise<string>;
  /** Runs a program for at most a minute, and notes down what it says, unless its name is not given. */
  run(
    who: string | undefined,
    command: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<Ended>;
  /** Resolves once the agent has the new set, and so has its file. */
  rotate(): Promise<void>;
  currentSet(): Promise<SimulatedSet>;
}

/** An instance whose agent is `AGENT_USER`, and asks IMDS at its own address. */
export interface Locked {
  /** One that every user may read. */
  readonly checkout: string;
  /** Tells where the simulator is that is to answer there. */
  leadTo(simulator: string): void;
}

/**
 * @param lifetime the sets', such as `8m`
 * @param checkInterval how often the agent asks for a newer one
 */
export async function openStage(lifetime: string, checkInterval = '200ms', locked?: Locked): Promise<Stage> {
  const temporary = temporaryDirectory();
  const directory = temporary.path;
  chmodSync(directory, 0o711);
  const runtimeDirectory = join(directory, 'run');
  const credentials = join(directory, 'files', 'credentials');
  mkdirSync(dirname(credentials));
  if (locked !== undefined) {
    mkdirSync(runtimeDirectory);
    for (const own of [runtimeDirectory, dirname(credentials)]) chownSync(own, userId(AGENT_USER) ?? -1, -1);
  }
  mkdirSync(join(directory, 'home'));
  const containerPort = await freePort();
  const imdsPort = locked === undefined ? await freePort() : 80;
  const configuration = join(directory, 'config.toml');
  writeFileSync(
    configuration,
    `${configurationFile(containerPort, imdsPort, credentials)}${locked === undefined ? '' : whoMayAsk()}`,
  );
  writeFileSync(join(directory, 'config'), await profiles(runtimeDirectory));
  // boto 2 has no variable for it.
  mkdirSync(join(directory, 'boto-home', '.aws'), { recursive: true });
  symlinkSync(credentials, join(directory, 'boto-home', '.aws', 'credentials'));

  const journal = createJournal();
  const simulator = await simulatorProcess('--role', ROLE, '--lifetime', lifetime);
  locked?.leadTo(simulator.url);
  const agent = await agentProcess({
    endpoint: locked === undefined ? simulator.url : `http://${IMDS_V4}`,
    ...(locked !== undefined && {
      rolekeeper: [...asUser(AGENT_USER), ...rolekeeperIn({ directory, ...locked })],
    }),
    runtimeDirectory,
    flags: [
      ...['--config', configuration, '--container-endpoint-listen', `127.0.0.1:${containerPort}`],
      ...['--imds-check-interval', checkInterval, '--log-level', 'debug'],
    ],
  });
  await agent.becomes((status) => status.serving);
  const env = environment(directory, runtimeDirectory, credentials);
  const asked = new Map<string, Promise<string>>();
  let directories = 0;

  return {
    directory,
    lifetime,
    simulator,
    agent,
    containerPort,
    imdsPort,
    journal,
    env,
    directoryFor(name) {
      const path = join(directory, `${name}-${++directories}`);
      mkdirSync(path);
      chmodSync(path, 0o777);
      return path;
    },
    variables(client, surface, profile = 'helper') {
      const words = ['--for', client, '--surface', surface, '--profile', profile];
      const known = asked.get(words.join(' ')) ?? askForVariables(words);
      asked.set(words.join(' '), known);
      return known;
    },
    run: runAtMostAMinute,
    async rotate() {
      const { generation } = await agent.status();
      await simulator.control({ rotate: true });
      await agent.becomes((status) => status.generation > generation);
      const { accessKeyId } = await simulator.currentSet();
      // Written a little later; where the agent trusts no directory there is none.
      await eventually(
        () => !existsSync(credentials) || readFileSync(credentials, 'utf8').includes(accessKeyId),
      );
    },
    currentSet: () => simulator.currentSet(),
    async [Symbol.asyncDispose]() {
      await agent.stop().catch(() => {});
      await simulator[Symbol.asyncDispose]();
      temporary[Symbol.dispose]();
    },
  };

  async function askForVariables(words: readonly string[]): Promise<string> {
    const command = [...rolekeeper, 'env', ...words, '--config', configuration];
    const { code, stdout, stderr } = await runAtMostAMinute('rolekeeper env', command, env);
    if (code !== 0) throw new Error(`rolekeeper env ${words.join(' ')}: ${stderr}`);
    return stdout;
  }

  async function runAtMostAMinute(
    who: string | undefined,
    command: readonly string[],
    given: Readonly<Record<string, string>>,
  ): Promise<Ended> {
    const ended = await run(['/usr/bin/timeout', '--kill-after=5', '60', ...command], {
      env: given,
      cwd: directory,
    });
    journal.add(
      who ?? 'a command that prints secrets',
      who === undefined ? '' : `${ended.stdout}\n${ended.stderr}`,
    );
    return ended;
  }
}

function whoMayAsk(): string {
  const redirected = [TOKENLESS_USER, OTHER_USER, DENIED_USER].map((user) => `"${user}"`).join(', ');
  const rules = [TOKENLESS_USER, OTHER_USER].map(
    (user) => `[[allow]]\nuser = "${user}"\nsurfaces = ["imds_endpoint"]\n`,
  );
  return `[network]\nagent_user = "${AGENT_USER}"\nredirect_users = [${redirected}]\n${rules.join('')}`;
}

function configurationFile(containerPort: number, imdsPort: number, credentials: string): string {
  return `
[agent_socket]
group = ""
[container_endpoint]
listen = "127.0.0.1:${containerPort}"
[imds_endpoint]
enabled = true
listen = "127.0.0.1:${imdsPort}"
tokenless_users = ["${TOKENLESS_USER}"]
[[files]]
format = "shared-credentials"
path = "${credentials}"
group = ""
`;
}

/** By the helper, as `rolekeeper config profile` prints it, and by the command that it falls back to. */
async function profiles(runtimeDirectory: string): Promise<string> {
  const command = [...rolekeeper, 'config', 'profile', '--name', 'helper', '--runtime-dir', runtimeDirectory];
  const { code, stdout, stderr } = await run(command);
  if (code !== 0) throw new Error(`rolekeeper config profile: ${stderr}`);
  return `${stdout}\n[profile command]\ncredential_process = ${rolekeeper.join(' ')} credential-process\n`;
}

function environment(directory: string, runtimeDirectory: string, credentials: string) {
  return {
    // The locked runtime first, for programs in JavaScript.
    PATH: `${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: join(directory, 'home'),
    LANG: 'C.UTF-8',
    AWS_CONFIG_FILE: join(directory, 'config'),
    // What is not led to the file must not find it.
    AWS_SHARED_CREDENTIALS_FILE: `${credentials}.no-such-file`,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_PAGER: '',
    ROLEKEEPER_RUNTIME_DIR: runtimeDirectory,
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
  });
  return await promise;
}
