/** What runs on the instance of `instance.ts`: IMDS behind its interface, and the agent as its own user. */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentAnswer, askSocket } from '../support/agent-process.ts';
import { type Child, type Ended, startChild } from '../support/child.ts';
import { eventually } from '../support/eventually.ts';
import { as, IMDS_V4, IMDS_V6, inNamespace, startAs, USERS, type User } from './instance.ts';

export interface Place {
  readonly directory: string;
  readonly checkout: string;
}

/** The command line of the checkout that every user can read. */
export function rolekeeperIn({ checkout }: Place): readonly string[] {
  return [join(checkout, 'node_modules/.bin/node'), join(checkout, 'src/cli/main.ts')];
}

/** The same sets on both addresses. */
export async function startImds(place: Place): Promise<readonly Child[]> {
  const simulators = [`${IMDS_V4}:80`, `[${IMDS_V6}]:80`].map((listen) =>
    startChild([
      ...inNamespace('host'),
      ...rolekeeperIn(place),
      'simulate',
      ...['--listen', listen, '--allow-link-local', '--seed', '1', '--quiet'],
    ]),
  );
  await Promise.all(simulators.map((each) => each.says(/^simulator listening/)));
  return simulators;
}

export interface Agent extends AsyncDisposable {
  readonly runtimeDirectory: string;
  readonly socketPath: string;
  ask(path: string): Promise<AgentAnswer>;
  stop(): Promise<Ended>;
}

/** As `keeper`; returns once it serves credentials that it has from IMDS over the real addresses. */
export async function startAgent(place: Place, flags: readonly string[] = []): Promise<Agent> {
  const runtimeDirectory = join(place.directory, 'run');
  mkdirSync(runtimeDirectory, { recursive: true });
  chownSync(runtimeDirectory, USERS.keeper, USERS.keeper);
  const child = startAs('keeper', [
    ...rolekeeperIn(place),
    'serve',
    ...['--config', configPath(place), '--runtime-dir', runtimeDirectory],
    ...['--agent-socket-group', 'keeper', ...flags],
  ]);
  await child.says(/\bListening\b/);
  const socketPath = join(runtimeDirectory, 'agent.sock');
  const ask = (path: string) => askSocket(socketPath, path);
  await eventually(async () => (await ask('/v1/credentials')).status === 200);
  // Only then has it asked IMDS all that it will: what arrives there from now on is somebody else's.
  await eventually(async () => 'next_check_in_s' in JSON.parse((await ask('/v1/status')).body));
  return {
    runtimeDirectory,
    socketPath,
    ask,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };

  function stop(): Promise<Ended> {
    child.kill('SIGTERM');
    return child.ended;
  }
}

/** The configuration of the agent and of `rolekeeper network`. No check falls into the time of the attempts. */
export function writeConfig(place: Place, network: string): void {
  const rest = `[imds]\ncheck_interval = "1h"\n[imds_endpoint]\nenabled = true\ntokenless_users = ["legacy", "root"]\n`;
  writeFileSync(configPath(place), `${rest}${network}`);
}

const configPath = ({ directory }: Place) => join(directory, 'config.toml');

/** `rolekeeper network VERB`, as root unless it is said otherwise. */
export function network(
  place: Place,
  verb: string,
  flags: readonly string[] = [],
  user: User = 'root',
  prefix: readonly string[] = [],
) {
  const where =
    verb === 'remove' ? [] : ['--config', configPath(place), '--runtime-dir', join(place.directory, 'run')];
  return as(user, [...prefix, ...rolekeeperIn(place), 'network', verb, ...where, ...flags]);
}

/** What `attempt.py` made of one way, in its own words. */
export async function attempt(
  place: Place,
  way: readonly string[],
  user: User,
  prefix: readonly string[] = [],
): Promise<string> {
  const script = join(place.checkout, 'test/network/attempt.py');
  const { stdout, stderr } = await as(user, [...prefix, 'python3', script, ...way]);
  return stdout.trim() || `no answer: ${stderr.trim()}`;
}

/** A `curl` that never waits long; its exit status says why there is no answer (7: refused). */
export function curl(user: User, args: readonly string[], prefix: readonly string[] = []) {
  return as(user, [...prefix, 'curl', '-sS', '--fail', '--max-time', '5', '--noproxy', '*', ...args]);
}
