/**
 * Scenarios 13 and 20 of the field: real processes of two users ask a real agent over every surface, and what it tells of
 * them is who they were, how often they asked, and no secret.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallerRow } from '../../src/access/callers-document.ts';
import {
  type AgentProcess,
  agentProcess,
  type SimulatorProcess,
  simulatorProcess,
  temporaryDirectory,
} from '../support/agent-process.ts';
import { type Ended, helper, rolekeeper, run } from '../support/child.ts';
import { NOBODY, nobodyMayRun } from '../support/machine.ts';

const ALLOWED = 34;
const DENIED = 5;
const asOthers = nobodyMayRun(process.execPath);
const why = asOthers ? '' : ' (skipped: this needs root, and a checkout that others may enter)';

/** Sockets are open to the group of nobody, which the callers are in: only the rules tell them apart. */
const CONFIG = `
[agent_socket]
group = "${NOBODY}"
[line_socket]
enabled = true
group = "${NOBODY}"
[container_endpoint]
authorize = "user"
[imds_endpoint]
enabled = true
listen = "127.0.0.1:0"
tokenless_users = ["${ALLOWED}"]
[[deny]]
user = "${DENIED}"
[[allow]]
user = "${ALLOWED}"
`;

/** Prints the answer to one request as JSON, or all that the socket says. */
const CLIENT = `
const { options, line } = JSON.parse(process.argv[1]);
if (line) require('node:net').connect(line).pipe(process.stdout);
else require('node:http').get({ agent: false, ...options }, (response) => {
  let body = '';
  response.on('data', (text) => { body += text; });
  response.on('end', () => console.log(JSON.stringify({ status: response.statusCode, body })));
});`;

describe.skipIf(!asOthers)(`of two users${why}`, () => {
  const directory = temporaryDirectory();
  const inRun = (name: string) => join(directory.path, 'run', name);
  let simulator: SimulatorProcess;
  let agent: AgentProcess;
  let container: URL;
  let imds: URL;
  let sent = 0;

  beforeAll(async () => {
    const config = join(directory.path, 'config.toml');
    writeFileSync(config, CONFIG);
    simulator = await simulatorProcess();
    agent = await agentProcess({
      endpoint: simulator.url,
      runtimeDirectory: join(directory.path, 'run'),
      flags: ['--config', config, '--log-format', 'json', '--log-level', 'debug'],
    });
    const [, where = ''] = await agent.child.says(/^(\{.*"message":"Listening".*\})$/m);
    container = new URL(JSON.parse(where).container);
    imds = new URL(JSON.parse(where).metadata);
    await agent.becomes((status) => status.serving);
  });
  afterAll(async () => {
    await agent?.stop();
    await simulator?.[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  function as(uid: number, command: readonly string[]): Promise<Ended> {
    const who = [`--reuid=${uid}`, `--regid=${uid}`, `--groups=${NOBODY}`];
    return run(['/usr/bin/setpriv', ...who, ...command], {
      env: { ROLEKEEPER_RUNTIME_DIR: inRun('') },
    });
  }

  async function ask(uid: number, options: object): Promise<{ status: number; body: string }> {
    sent += 1;
    const { stdout, stderr } = await as(uid, [process.execPath, '-e', CLIENT, JSON.stringify({ options })]);
    if (stdout === '') throw new Error(`No answer: ${stderr}`);
    return JSON.parse(stdout);
  }

  async function readLine(uid: number): Promise<string> {
    sent += 1;
    const line = inRun('credentials.sock');
    return (await as(uid, [process.execPath, '-e', CLIENT, JSON.stringify({ line })])).stdout;
  }

  const headers = (name: string) => ({ Host: 'localhost', 'User-Agent': `${name}/1.0` });
  const overAgent = () => ({
    socketPath: agent.socketPath,
    path: '/v1/credentials',
    headers: headers('agent-client'),
  });
  const overContainer = () => ({
    host: container.hostname,
    port: container.port,
    path: container.pathname,
    headers: headers('container-client'),
  });
  const overImds = () => ({
    host: imds.hostname,
    port: imds.port,
    path: '/latest/meta-data/iam/security-credentials/',
    headers: headers('old-client'),
  });

  test.each([
    ['agent socket', overAgent, /"Token"/],
    ['container endpoint', overContainer, /"Token"/],
    ['IMDS endpoint', overImds, /^(?!access)[\w-]+$/],
  ])('the %s serves the one who is allowed and refuses the other', async (_, surface, served) => {
    const [allowed, denied, neither] = await Promise.all([
      ask(ALLOWED, surface()),
      ask(DENIED, surface()),
      ask(NOBODY, surface()),
    ]);
    expect(allowed).toMatchObject({ status: 200, body: expect.stringMatching(served) });
    expect([denied.status, neither.status]).toEqual([403, 403]);
    expect(denied.body).toContain('access-denied');
    expect(denied.body).not.toMatch(served);
  });

  test('the line socket gives its line to the one, and not a byte to the other', async () => {
    const [allowed, denied, neither] = await Promise.all([ALLOWED, DENIED, NOBODY].map(readLine));
    expect(JSON.parse(allowed ?? '')).toMatchObject({ Version: 1 });
    expect([denied, neither]).toEqual(['', '']);
  });

  test('a refusal names the rule by its place', async () => {
    const { body } = await ask(DENIED, overContainer());
    expect(JSON.parse(body).message).toMatch(
      /^User (games \(5\)|5) gets no credentials over container_endpoint, by \[\[deny\]\] user = "5" at \/.*config\.toml:13\./,
    );
  });

  test('the process file is for nobody else, so the helper asks the agent, and ends with 4 for the other', async () => {
    expect(statSync(inRun('credential-process.json')).mode & 0o777).toBe(0o600);
    for (const command of [[helper], [...rolekeeper, 'credential-process']]) {
      sent += 2;
      expect(await as(ALLOWED, command)).toMatchObject({ code: 0, stderr: '' });
      const denied = await as(DENIED, command);
      expect(denied).toMatchObject({ code: 4, stdout: '' });
      expect(denied.stderr).toMatch(/^rolekeeper: User .* by \[\[deny\]\] user = "5" at .*\n$/);
    }
  });

  test('status, health and the list of callers are for everybody who may open the socket', async () => {
    for (const path of ['/v1/status', '/v1/callers', '/livez', '/readyz']) {
      sent -= 1; // not for credentials: not counted
      expect((await ask(DENIED, { ...overAgent(), path })).status).toBe(200);
    }
  });

  test('the list has every request, once, with who made it; IMDSv1-shaped readers first', async () => {
    const { code, stdout } = await as(NOBODY, [...rolekeeper, 'callers', '--json']);
    expect(code).toBe(0);
    const rows: readonly CallerRow[] = JSON.parse(stdout).callers;
    expect(rows.reduce((sum, { requests }) => sum + requests, 0)).toBe(sent);
    expect(rows.slice(0, 3).map(({ surface }) => surface)).toEqual(Array(3).fill('imds_endpoint'));
    expect(rows).toContainEqual(
      expect.objectContaining({
        uid: DENIED,
        surface: 'container_endpoint',
        user_agent: 'container-client/1.0',
        requests: 2,
        denied: 2,
        tokenless: 0,
        last_verdict: 'access-denied',
      }),
    );
    expect(rows).toContainEqual(
      expect.objectContaining({
        uid: ALLOWED,
        surface: 'imds_endpoint',
        user_agent: 'old-client/1.0',
        requests: 1,
        denied: 0,
        tokenless: 1,
        last_verdict: 'allowed',
      }),
    );
    expect(rows).toContainEqual(
      expect.objectContaining({ uid: ALLOWED, surface: 'line_socket', exe: process.execPath, requests: 1 }),
    );
    const table = (await as(NOBODY, [...rolekeeper, 'callers'])).stdout.split('\n');
    expect(table[0]).toMatch(/^USER +SURFACE +REQUESTS/);
    expect(table).toHaveLength(rows.length + 2);
  });

  test('the log tells of both, once for each change, and holds no secret', async () => {
    const lines = agent.child
      .stderr()
      .split('\n')
      .filter((line) => line.includes('"message":"Access '))
      .map((line) => JSON.parse(line));
    const told = lines.map(({ uid, surface, verdict }) => `${uid} ${surface} ${verdict}`).sort();
    const surfaces = ['agent_socket', 'container_endpoint', 'imds_endpoint', 'line_socket'];
    expect(told).toEqual(
      surfaces
        .flatMap((surface) => [
          `${ALLOWED} ${surface} allowed`,
          `${DENIED} ${surface} access-denied`,
          `${NOBODY} ${surface} access-denied`,
        ])
        .sort(),
    );
    const { secretAccessKey, sessionToken } = await simulator.currentSet();
    const callers = (await agent.ask('/v1/callers')).body;
    const token = readFileSync(inRun('container-token'), 'utf8');
    for (const secret of [secretAccessKey, sessionToken, token]) {
      expect(`${agent.child.stderr()}${callers}`).not.toContain(secret);
    }
  });
});
