import { once } from 'node:events';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net, { type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemBoot } from '../../src/platform/clock.ts';
import {
  type AgentProcess,
  agentProcess,
  type SimulatorProcess,
  simulatorProcess,
  temporaryDirectory,
} from '../support/agent-process.ts';
import { type ChildOptions, rolekeeper, run } from '../support/child.ts';
import { isRoot, NOBODY, nobodyMayRun, onReadOnlyRoot } from '../support/machine.ts';

const command = [...rolekeeper, 'credential-process'];

/** The command as an SDK runs it, with nothing in its environment but what the test gives. */
function ask(runtimeDirectory: string, options: ChildOptions = {}) {
  return run(command, { ...options, env: { ROLEKEEPER_RUNTIME_DIR: runtimeDirectory, ...options.env } });
}

describe('with a served set', () => {
  let simulator: SimulatorProcess;
  let agent: AgentProcess;
  let body: string;
  const directory = temporaryDirectory();

  beforeAll(async () => {
    simulator = await simulatorProcess();
    agent = await agentProcess({ endpoint: simulator.url, runtimeDirectory: directory.path });
    body = (await agent.ask('/v1/credential-process')).body;
  });
  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await simulator[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  test("stdout is one line with the simulator's current set, and stderr is empty", async () => {
    const ended = await ask(directory.path);
    expect(ended).toMatchObject({ code: 0, stdout: body, stderr: '' });
    expect(ended.stdout.indexOf('\n')).toBe(ended.stdout.length - 1);
    const set = await simulator.currentSet();
    expect(JSON.parse(ended.stdout)).toEqual({
      Version: 1,
      AccessKeyId: set.accessKeyId,
      SecretAccessKey: set.secretAccessKey,
      SessionToken: set.sessionToken,
      Expiration: set.expiration,
      AccountId: '111122223333',
    });
    process.stdout.write(`credential-process: ${ended.ms.toFixed(0)} ms\n`);
  });

  test('the directory can be given as an option, in an empty environment', async () => {
    const ended = await run([...command, '--runtime-dir', directory.path]);
    expect(ended).toMatchObject({ code: 0, stdout: body, stderr: '' });
  });

  test('stdin is never read: it may be closed, or a pipe that never ends', async () => {
    expect(await ask(directory.path, { stdin: 'open' })).toMatchObject({ code: 0, stdout: body, stderr: '' });
    const closed = ['/bin/sh', '-c', 'exec "$@" <&-', 'sh', ...command, '--runtime-dir', directory.path];
    expect(await run(closed)).toMatchObject({ code: 0, stdout: body, stderr: '' });
  });

  const readOnly = onReadOnlyRoot(command);
  const why = readOnly === undefined ? ' (skipped: only root can mount / read-only)' : '';
  test.skipIf(readOnly === undefined)(`nothing needs to be writable${why}`, async () => {
    const env = { ROLEKEEPER_RUNTIME_DIR: directory.path, PATH: '/usr/bin:/bin:/usr/sbin:/sbin' };
    expect(await run(readOnly ?? [], { env })).toMatchObject({ code: 0, stdout: body, stderr: '' });
  });

  test('it causes no request to IMDS, also 20 at once', async () => {
    await simulator.forgetRequests();
    const all = await Promise.all(Array.from({ length: 20 }, () => ask(directory.path)));
    for (const ended of all) expect(ended).toMatchObject({ code: 0, stdout: body, stderr: '' });
    expect((await simulator.state()).requests.total).toBe(0);
  });

  test.each([
    ['its disk is full', '"$@" >/dev/full; echo "code $?"'],
    ['its reader has gone away', '{ "$@"; echo "code $?" >&3; } | :'],
  ])('a stdout that cannot be written to, since %s, is a failure with one line', async (_, script) => {
    const shell = ['/bin/sh', '-c', `exec 3>&1; ${script}`, 'sh'];
    const ended = await run([...shell, ...command, '--runtime-dir', directory.path]);
    expect(ended.stdout).toBe('code 1\n');
    expectOneLine(ended.stderr, 'Cannot write to stdout');
  });

  test('--help explains the exit codes and needs no agent', async () => {
    const ended = await run([...command, '--help']);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('Exit codes: 3 no agent, 4 not permitted, 5 no role');
  });

  test('an unknown option is exit code 2 and one line, with nothing on stdout', async () => {
    const ended = await run([...command, '--profile', 'x']);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expectOneLine(ended.stderr);
  });
});

describe('exit codes, with nothing on stdout and one line on stderr', () => {
  test('3 where there is no socket, and where nobody listens on it any more', async () => {
    using directory = temporaryDirectory();
    const missing = await ask(directory.path);
    expect(missing).toMatchObject({ code: 3, stdout: '' });
    expectOneLine(missing.stderr, 'No agent is listening on', 'systemctl start rolekeeper');

    await using simulator = await simulatorProcess();
    await using agent = await agentProcess({ endpoint: simulator.url, runtimeDirectory: directory.path });
    await agent.becomes((status) => status.serving);
    await agent.kill();
    rmSync(join(directory.path, 'credential-process.json'));
    const killed = await ask(directory.path);
    expect(killed).toMatchObject({ code: 3, stdout: '' });
    expectOneLine(killed.stderr, 'ECONNREFUSED');
  });

  const mayRun = !isRoot || nobodyMayRun(process.execPath);
  const reason = mayRun ? '' : ' (skipped: other users may not enter this checkout)';
  test.skipIf(!mayRun)(`4 where the socket's mode keeps the user out${reason}`, async () => {
    using directory = temporaryDirectory();
    await using simulator = await simulatorProcess();
    const flags = ['--agent-socket-mode', '0600'];
    await using agent = await agentProcess({
      endpoint: simulator.url,
      runtimeDirectory: directory.path,
      flags,
    });
    if (!isRoot) chmodSync(agent.socketPath, 0);
    const ended = await ask(directory.path, isRoot ? { uid: NOBODY } : {});
    expect(ended).toMatchObject({ code: 4, stdout: '' });
    expectOneLine(ended.stderr, 'may not open', 'group');
  });

  test('5 without a role', async () => {
    await using world = await agentWith({ simulator: ['--no-role'] });
    const ended = await world.ask();
    expect(ended).toMatchObject({ code: 5, stdout: '' });
    expectOneLine(ended.stderr, 'role');
  });

  test('5 once the role is detached', async () => {
    await using world = await agentWith({ agent: ['--imds-check-interval', '200ms'] });
    await world.agent.becomes((status) => status.serving);
    await world.simulator.control({ role: null });
    await world.agent.becomes((status) => !status.serving);
    const ended = await world.ask();
    expect(ended).toMatchObject({ code: 5, stdout: '' });
    expectOneLine(ended.stderr, "The instance's role was detached");
  });

  test('6 while nothing was fetched yet, with what IMDS said', async () => {
    await using world = await agentWith({ simulator: ['--fault', 'code=AssumeRoleUnauthorizedAccess'] });
    const ended = await world.ask();
    expect(ended).toMatchObject({ code: 6, stdout: '' });
    expectOneLine(ended.stderr, 'No credentials were fetched yet', 'AssumeRoleUnauthorizedAccess');
  });

  test('6 while IMDS takes requests and never answers, after the hold of a cold start', async () => {
    await using world = await agentWith({ simulator: ['--fault', 'black-hole'] });
    const ended = await world.ask();
    expect(ended).toMatchObject({ code: 6, stdout: '' });
    expectOneLine(ended.stderr, 'No credentials were fetched yet');
  });

  test('6 once the set has expired and IMDS has nothing newer', async () => {
    await using world = await agentWith({
      simulator: ['--lifetime', '2s', '--no-role'],
      agent: ['--policy-static-stability', 'never', '--imds-check-interval', '200ms'],
    });
    // Once the agent runs: the set's two seconds would be over before a slow start.
    await world.simulator.control({ role: 'example-role', fault: { kind: 'frozen' } });
    await world.agent.becomes((status) => status.phase === 'expired');
    const ended = await world.ask();
    expect(ended).toMatchObject({ code: 6, stdout: '' });
    expectOneLine(ended.stderr, 'The credentials of role example-role expired at');
  });

  test('7 within its 2 s where the agent is stopped in its tracks', async () => {
    await using world = await agentWith({ simulator: ['--no-role'] });
    world.agent.child.kill('SIGSTOP');
    const ended = await world.ask();
    expect(ended).toMatchObject({ code: 7, stdout: '' });
    expectOneLine(ended.stderr, 'gave no answer', '2000 ms');
    expect(ended.ms).toBeGreaterThanOrEqual(2_000);
    process.stdout.write(`credential-process on a hung agent: ${ended.ms.toFixed(0)} ms\n`);
  });

  const httpHead = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
  test.each([
    ['7 for an answer that is not HTTP', 7, 'SSH-2.0-example\r\n', 'end'],
    ['7 for an answer that breaks off', 7, `${httpHead}Content-Length: 900\r\n\r\n{"Version":1`, 'end'],
    ['7 for a connection closed at once', 7, '', 'end'],
    ['7 for an answer that begins and never ends', 7, `${httpHead}Content-Length: 900\r\n\r\n{`, 'hold'],
    ['7 for an answer without end', 7, `${httpHead}\r\n${'{'.repeat(200_000)}`, 'hold'],
    ['1 for an empty answer', 1, `${httpHead}Content-Length: 0\r\n\r\n`, 'end'],
    ['1 for two lines', 1, `${httpHead}Content-Length: 6\r\n\r\n{}\n{}\n`, 'end'],
    ['1 for an answer without a line break', 1, `${httpHead}Content-Length: 2\r\n\r\n{}`, 'end'],
    ['1 for an error that says no reason', 1, 'HTTP/1.1 500 X\r\nContent-Length: 3\r\n\r\n???', 'end'],
    ['1 for a redirect', 1, 'HTTP/1.1 302 X\r\nLocation: /v1/status\r\nContent-Length: 0\r\n\r\n', 'end'],
  ] as const)('%s', async (_, code, text, then) => {
    using directory = temporaryDirectory();
    await using _stranger = await stranger(join(directory.path, 'agent.sock'), text, then);
    const ended = await ask(directory.path);
    expect(ended).toMatchObject({ code, stdout: '' });
    expectOneLine(ended.stderr);
  });

  test('2 for a directory that is not named by an absolute path', async () => {
    const ended = await ask('run');
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expectOneLine(ended.stderr, 'ROLEKEEPER_RUNTIME_DIR', 'absolute path');
  });
});

describe('what the agent keeps ready in its file', () => {
  test('is printed also while the agent is killed or hangs, until its time is over', async () => {
    await using world = await agentWith({});
    const { body } = await world.agent.ask('/v1/credential-process');
    world.agent.child.kill('SIGSTOP');
    expect(await world.ask()).toMatchObject({ code: 0, stdout: body, stderr: '' });
    await world.agent.kill();
    expect(await world.ask()).toMatchObject({ code: 0, stdout: body, stderr: '' });
    const file = join(world.agent.runtimeDirectory, 'credential-process.json');
    const uptime = Math.floor(systemBoot().uptimeSeconds());
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"KeepUntil":"\d+/, `"KeepUntil":"${uptime}`));
    expect(await world.ask()).toMatchObject({ code: 3, stdout: '' });
  });

  test('is for the agent alone where rules decide: then they are asked, and they know who has asked', async () => {
    using directory = temporaryDirectory();
    const config = join(directory.path, 'config.toml');
    const { uid } = userInfo();
    writeFileSync(config, `[[deny]]\nuser = "${uid}"\nsurfaces = ["agent_socket"]\n`);
    await using world = await agentWith({ agent: ['--config', config] });
    await world.agent.becomes((status) => status.serving);
    const ended = await world.ask();
    expect(ended).toMatchObject({ code: 4, stdout: '' });
    expectOneLine(ended.stderr, 'gets no credentials over agent_socket');
  });
});

test('proxy variables change nothing, neither for the agent nor for the command', async () => {
  await using proxy = await countingProxy();
  const env = proxy.everyVariable;
  using directory = temporaryDirectory();
  await using simulator = await simulatorProcess();
  await using agent = await agentProcess({ endpoint: simulator.url, runtimeDirectory: directory.path, env });
  const ended = await ask(directory.path, { env });
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(ended.stdout).AccessKeyId).toBe((await simulator.currentSet()).accessKeyId);
  expect(agent.child.stderr()).not.toMatch(/ (warn|error) /);
  expect(proxy.connections()).toBe(0);

  // The same environment does lead a plain client of Node's to the proxy: so there was something to withstand.
  const plain = `require('node:http').get('${simulator.url}').on('error', () => {})`;
  await run([process.execPath, '-e', plain], { env });
  expect(proxy.connections()).toBe(1);
});

test('200 at once on a cold agent cause one token, one role list and one document request', async () => {
  await using world = await agentWith({ simulator: ['--fault', 'delay=300ms@document'] });
  const answers = Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      world.agent.ask(index % 2 === 0 ? '/v1/credential-process' : '/v1/credentials'),
    ),
  );
  const commands = Promise.all(Array.from({ length: 4 }, () => world.ask()));
  const { accessKeyId } = await world.simulator.currentSet();
  for (const { status, body } of await answers) {
    expect(status).toBe(200);
    expect(JSON.parse(body).AccessKeyId).toBe(accessKeyId);
  }
  for (const ended of await commands) expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect((await world.simulator.state()).requests).toMatchObject({ token: 1, list: 1, document: 1 });
});

function expectOneLine(stderr: string, ...parts: readonly string[]): void {
  expect(stderr).toMatch(/^rolekeeper: [^\n]+\n$/);
  for (const part of parts) expect(stderr).toContain(part);
  expect(stderr).not.toContain('EXAMPLE');
  expect(stderr).not.toMatch(/^ +at /m);
}

async function agentWith(flags: { simulator?: readonly string[]; agent?: readonly string[] }) {
  const directory = temporaryDirectory();
  const simulator = await simulatorProcess(...(flags.simulator ?? []));
  const agent = await agentProcess({
    endpoint: simulator.url,
    runtimeDirectory: directory.path,
    flags: flags.agent ?? [],
  });
  return {
    simulator,
    agent,
    ask: () => ask(directory.path),
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

/** Something else that listens on the agent's socket, and gives everybody the same bytes. */
function stranger(path: string, text: string, then: 'end' | 'hold') {
  return listening(path, (socket) => {
    socket.once('data', () => (then === 'end' ? socket.end(text) : socket.write(text)));
  });
}

/** A proxy that breaks every connection, and the environment in which every client would use it. */
async function countingProxy() {
  let connections = 0;
  const proxy = await listening(undefined, (socket) => {
    connections++;
    socket.destroy();
  });
  const url = `http://127.0.0.1:${proxy.port}`;
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
  return {
    ...proxy,
    connections: () => connections,
    everyVariable: { ...Object.fromEntries(names.map((name) => [name, url])), NODE_USE_ENV_PROXY: '1' },
  };
}

async function listening(path: string | undefined, onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onConnection(socket);
  });
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
