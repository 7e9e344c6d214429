import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type AgentProcess,
  agentProcess,
  askSocket,
  type SimulatorProcess,
  simulatorProcess,
  temporaryDirectory,
} from '../support/agent-process.ts';
import { rolekeeper, run } from '../support/child.ts';
import { eventually } from '../support/eventually.ts';
import { type Address, ask, exchange } from '../support/raw-http.ts';

/** The files that are there to hold credentials or tokens, readable by their owner and their group only. */
const MEANT_FOR_SECRETS: Readonly<Record<string, number>> = {
  'credential-process.json': 0o640,
  'state.json': 0o600,
  'container-token': 0o640,
  'container-token.state': 0o600,
  'imds-token-key': 0o600,
  profiles: 0o640,
  line: 0o600,
  variables: 0o640,
};

/** Every surface, and commands that tell all that they know, of which the first one fails. */
const configuration = (directory: string) => `
[line_socket]
enabled = true

[imds_endpoint]
enabled = true
listen = "127.0.0.1:0"

[[files]]
format = "shared-credentials"
path = "${directory}/profiles"
group = ""
on_change = ["/bin/sh", "-c", 'env; cat "$ROLEKEEPER_FILE"; cat "$ROLEKEEPER_FILE" >&2; exit 3']

[[files]]
format = "credential-process"
path = "${directory}/line"
mode = "0600"
group = ""
on_change = ["/bin/cat", "${directory}/line"]

[[files]]
format = "env"
path = "${directory}/variables"
group = ""
at_withdrawal = "keep"

[[files]]
format = "env"
path = "${directory}/no-such-directory/variables"
group = ""
`;

/** Each makes the agent read, refuse and talk about a document, a token or an answer. */
const FAULTS = [
  { kind: 'malformed-json' },
  { kind: 'truncated-json' },
  { kind: 'truncated-connection' },
  { kind: 'missing-field', field: 'Expiration' },
  { kind: 'missing-field', field: 'SecretAccessKey' },
  { kind: 'empty-expiration' },
  { kind: 'oversized-body' },
  { kind: 'expired' },
  { kind: 'code', code: 'AssumeRoleUnauthorizedAccess' },
  { kind: 'token-refused' },
  { kind: 'status', status: 503, on: 'all' },
];

describe.concurrent.each(['text', 'json'])('at debug level, logged as %s', (format) => {
  test('no secret is in a log line, an answer about state, a message, the process table or a stray file', async ({
    expect,
  }) => {
    using directory = temporaryDirectory();
    const temporary = join(directory.path, 'tmp');
    const runtimeDirectory = join(directory.path, 'run');
    mkdirSync(temporary);
    mkdirSync(runtimeDirectory);
    await using simulator = await simulatorProcess();
    await using agent = await everythingOn(simulator, runtimeDirectory, directory.path, {
      flags: ['--log-level', 'debug', '--log-format', format, '--imds-check-interval', '100ms'],
      env: { TMPDIR: temporary },
    });
    const seen = new Map<string, string>();
    const tokens = ownTokens(runtimeDirectory);

    await liveThroughEverything(simulator, agent, seen, tokens);
    for (const name of ['cmdline', 'environ', 'comm', 'status']) {
      seen.set(`/proc/PID/${name}`, readFileSync(`/proc/${agent.child.pid}/${name}`, 'latin1'));
    }
    collectFiles(runtimeDirectory, seen);
    const { stdout, stderr } = await agent.stop();
    seen.set('stdout', stdout).set('the log', stderr);
    collectFiles(runtimeDirectory, seen);
    collectFiles(temporary, seen);

    expect(stderr).toContain('/latest/api/token');
    expect(stderr).toContain('Credentials rotated');
    expect(stderr).toContain('Role detached');
    expect(stderr).toContain('failed with exit status 3');
    expect(stderr).toContain('no-such-directory');
    expect(tokens.size).toBeGreaterThan(FAULTS.length);
    const pieces = [...(await piecesOfSecrets(simulator)), ...piecesOf(tokens)];
    for (const [where, text] of seen) expect(foundIn(text, pieces), where).toEqual([]);
  }, 120_000);
});

test('the search finds the secrets where they are meant to be, with the modes that keep others out', async () => {
  using directory = temporaryDirectory();
  await using simulator = await simulatorProcess();
  const runtime = join(directory.path, 'run');
  mkdirSync(runtime);
  await using agent = await everythingOn(simulator, runtime, directory.path, {});
  await agent.becomes((status) => status.serving);
  const credentials = await piecesOfSecrets(simulator);
  const tokens = piecesOf(ownTokens(runtime));
  for (const [name, mode] of Object.entries(MEANT_FOR_SECRETS)) {
    const path = join(runtime, name);
    const holdsTokens = name.startsWith('container-token') || name === 'imds-token-key';
    const [pieces, least] = holdsTokens ? [tokens, 8] : [credentials, 50];
    await eventually(() => statSync(path, { throwIfNoEntry: false }) !== undefined);
    expect(foundIn(readFileSync(path, 'utf8'), pieces).length, name).toBeGreaterThanOrEqual(least);
    expect(statSync(path).mode & 0o777, name).toBe(mode);
  }
});

async function everythingOn(
  simulator: SimulatorProcess,
  runtimeDirectory: string,
  directory: string,
  options: { readonly flags?: readonly string[]; readonly env?: Readonly<Record<string, string>> },
): Promise<AgentProcess> {
  const config = join(directory, 'config.toml');
  writeFileSync(config, configuration(runtimeDirectory));
  const { flags = [], env = {} } = options;
  const endpoint = simulator.url;
  return agentProcess({ endpoint, runtimeDirectory, flags: ['--config', config, ...flags], env });
}

/** The container endpoint's token, and the key of the metadata tokens that the agent issues. */
function ownTokens(runtimeDirectory: string): Set<string> {
  const names = ['container-token', 'imds-token-key'];
  return new Set(names.map((name) => readFileSync(join(runtimeDirectory, name), 'utf8')));
}

/** Rotation, every fault, detachment and attachment, with everything asked about in between. */
async function liveThroughEverything(
  simulator: SimulatorProcess,
  agent: AgentProcess,
  seen: Map<string, string>,
  tokens: Set<string>,
): Promise<void> {
  await agent.becomes((status) => status.serving);
  const { secretAccessKey } = await simulator.currentSet();
  const askAbout = (agent: AgentProcess, when: string, seen: Map<string, string>) =>
    askEverybody(agent, when, secretAccessKey, seen, tokens);
  await askAbout(agent, 'serving', seen);
  const { generation } = await agent.status();
  await simulator.control({ rotate: true });
  await agent.becomes((status) => status.generation > generation);
  for (const fault of FAULTS) {
    await simulator.control({ fault });
    await agent.becomes((status) => status.condition === 'degraded');
    await askAbout(agent, JSON.stringify(fault), seen);
    await simulator.control({ clear: true, forgetTokens: true });
    await agent.becomes((status) => status.condition === 'ok');
  }
  await simulator.control({ role: null });
  await agent.becomes((status) => !status.serving);
  await askAbout(agent, 'detached', seen);
  const env = { ROLEKEEPER_RUNTIME_DIR: agent.runtimeDirectory };
  for (const verb of [
    ['credential-process'],
    ['wait', '--timeout', '1s'],
    ['exec', '--', '/bin/true'],
    ['export'],
  ]) {
    const { code, stdout, stderr } = await run([...rolekeeper, ...verb], { env });
    expect(code).toBe(5);
    seen.set(`output of ${verb[0]}`, `${stdout}${stderr}`);
  }
  await simulator.control({ role: 'another-role' });
  await agent.becomes((status) => status.serving);
  await askAbout(agent, 'attached again', seen);
  for (const verb of [
    ['exec', '--', '/no/such/program'],
    ['exec', '--min-remaining', '100h', '--', '/bin/true'],
    ['env', '--for', 'boto3'],
    ['env', '--for', 'rclone', '--surface', 'container'],
    ['env', '--for', 'no-such-client'],
    ['config', 'profile'],
  ]) {
    const debug = { ...env, ROLEKEEPER_LOG_LEVEL: 'debug', AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const { stdout, stderr } = await run([...rolekeeper, ...verb], { env: debug });
    seen.set(`output of ${verb.join(' ')}`, `${stdout}${stderr}`);
  }
}

/**
 * Every answer of the agent that is not for handing out credentials. Some of the requests hold a secret where none
 * belongs, as a client with a mistake in it sends them.
 */
async function askEverybody(
  agent: AgentProcess,
  when: string,
  secret: string,
  seen: Map<string, string>,
  tokens: Set<string>,
): Promise<void> {
  const own: Address = { path: agent.socketPath };
  const [container, imds] = listenersOf(agent);
  const [token = ''] = tokens;
  const path = '/v1/container-credentials';
  const list = '/latest/meta-data/iam/security-credentials';
  const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': '60' };
  const issued = (await ask(imds, 'PUT', '/latest/api/token', ttl)).body;
  tokens.add(issued);
  const header = { 'X-aws-ec2-metadata-token': issued };
  const astray = encodeURIComponent(secret);
  const requests: [Address, string, string, Record<string, string>?][] = [
    [own, 'GET', '/v1/status'],
    [own, 'GET', '/v1/callers'],
    [own, 'GET', '/metrics'],
    [own, 'GET', `/metrics?${astray}`],
    [own, 'GET', '/v1/events?after=-1&wait=0'],
    [own, 'GET', `/v1/events?after=${astray}`],
    [own, 'GET', '/livez'],
    [own, 'GET', '/readyz'],
    [own, 'GET', '/no-such-path'],
    [own, 'GET', `/v1/credentials/${astray}`],
    [own, 'GET', '/v1/credentials', { Host: astray }],
    [own, 'HEAD', '/v1/credentials'],
    [container, 'GET', path],
    [container, 'GET', path, { Authorization: astray }],
    [container, 'GET', `${path}/${astray}`, { Authorization: token }],
    [container, 'POST', path, { Authorization: token }],
    [container, 'GET', path, { Authorization: token, Host: `${astray}:80` }],
    [container, 'GET', path, { Authorization: token, Forwarded: astray }],
    [imds, 'GET', list],
    [imds, 'GET', list, { 'X-aws-ec2-metadata-token': astray }],
    [imds, 'GET', `${list}/${astray}`, header],
    [imds, 'GET', '/latest/user-data', header],
    [imds, 'POST', list, header],
    [imds, 'PUT', list, header],
    [imds, 'PUT', '/latest/api/token', { ...header, 'X-aws-ec2-metadata-token-ttl-seconds': astray }],
  ];
  for (const [to, method, target, headers] of requests) {
    const { status, body } = await ask(to, method, target, headers);
    seen.set(
      `${method} ${target} ${JSON.stringify(headers)} (${when})`,
      target.includes(astray) ? body : `${status} ${body}`,
    );
  }
  seen.set(`no HTTP (${when})`, await exchange(container, `${secret}\r\n\r\n`));
  const { body } = await askSocket(agent.socketPath, '/v1/events?wait=0');
  seen.set(`event (${when})`, body);
}

/** As the log tells. */
function listenersOf(agent: AgentProcess): [Address, Address] {
  const [container, imds] = ['container', 'metadata'].map((name): Address => {
    const port = new RegExp(`${name}"?[=:]"?http://127\\.0\\.0\\.1:(\\d+)`).exec(agent.child.stderr())?.[1];
    return { host: '127.0.0.1', port: Number(port) };
  });
  if (container === undefined || imds === undefined) throw new Error('The log does not say where it listens');
  return [container, imds];
}

/** Names and contents of the files in a directory that are not meant for secrets. */
function collectFiles(directory: string, seen: Map<string, string>): void {
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    seen.set(`the name ${path}`, entry.name);
    if (entry.isFile() && !(entry.name in MEANT_FOR_SECRETS)) seen.set(path, readFileSync(path, 'latin1'));
  }
}

/** Eight characters each, so that a part of a secret is found too. Every metadata token begins with the last one. */
async function piecesOfSecrets(simulator: SimulatorProcess): Promise<readonly string[]> {
  const sets = await simulator.sets();
  const secrets = sets.flatMap(({ accessKeyId, secretAccessKey, sessionToken }) => [
    accessKeyId,
    secretAccessKey,
    sessionToken,
  ]);
  return [...piecesOf(secrets), 'AQAEAEXAMPLE'];
}

function piecesOf(secrets: Iterable<string>): readonly string[] {
  return [...secrets].flatMap((secret) => secret.match(/.{8}/g) ?? []);
}

function foundIn(text: string, pieces: readonly string[]): readonly string[] {
  return pieces.filter((piece) => text.includes(piece));
}
