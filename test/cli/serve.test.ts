import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { createSimulatedInstance } from '../../src/simulator/instance.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { agentProcess, askSocket, startAgentProcess, temporaryDirectory } from '../support/agent-process.ts';
import { rolekeeper, startChild } from '../support/child.ts';
import { isRoot } from '../support/machine.ts';

const silent = { error() {}, warn() {}, info() {}, debug() {} };
const random = seededRandom(1);
/** No test changes what it gives, but for its rotation. */
const simulator = await startSimulator({
  listen: '127.0.0.1:0',
  instance: createSimulatedInstance({ clock: systemClock, random, role: 'web' }),
  clock: systemClock,
  log: silent,
});
afterAll(() => simulator.close());
const endpoint = simulator.url;
/** Tests run at the same time, and the container endpoint has one port by default. */
const env = { ROLEKEEPER_IMDS_ENDPOINT: endpoint, ROLEKEEPER_CONTAINER_ENDPOINT_LISTEN: '127.0.0.1:0' };
const neededByARestart = ['container-token', 'container-token.state', 'state.json'];

/** A directory that was not there, and an agent that serves from it. */
async function serving() {
  const directory = temporaryDirectory();
  const runtimeDirectory = join(directory.path, 'run');
  const agent = await agentProcess({ endpoint, runtimeDirectory });
  await agent.child.says(/ Ready /);
  return {
    directory: runtimeDirectory,
    agent,
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

describe.concurrent('A signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends it with exit code 0, and leaves nothing but what a restart needs',
    async (signal) => {
      await using world = await serving();
      expect(readdirSync(world.directory).sort()).toEqual(
        expect.arrayContaining(['agent.sock', 'credential-process.json', 'state.json']),
      );
      world.agent.child.kill(signal);
      const ended = await world.agent.child.ended;
      expect(ended).toMatchObject({ code: 0, signal: null, stdout: '' });
      const before = ['Listening', 'Serving credentials', 'Ready how=credentials'];
      expect(messages(ended.stderr)).toEqual([...before, `Stopping signal=${signal}`, 'Stopped']);
      expect(readdirSync(world.directory).sort()).toEqual(neededByARestart);
    },
  );

  test('lets an answer under way be given', async () => {
    await using world = await serving();
    const answers = Promise.all(
      Array.from({ length: 50 }, () => world.agent.ask('/v1/credentials').catch(() => undefined)),
    );
    world.agent.child.kill('SIGTERM');
    for (const answer of await answers) {
      // Either it came too late to be accepted, or it was answered whole.
      if (answer !== undefined) expect(answer.status).toBe(200);
    }
    expect((await world.agent.child.ended).code).toBe(0);
  });

  test('and a second one end it at once, with exit code 1, whatever is under way', async () => {
    await using silence = await silentServer();
    using directory = temporaryDirectory();
    await using agent = await agentProcess({ endpoint: silence.url, runtimeDirectory: directory.path });
    const unanswered = expect(agent.ask('/v1/credentials')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await agent.status();
    // Both wait for the process when it goes on, so that the second comes before the first one's work can be done.
    agent.child.kill('SIGSTOP');
    agent.child.kill('SIGTERM');
    agent.child.kill('SIGINT');
    agent.child.kill('SIGCONT');
    const ended = await agent.child.ended;
    expect(ended).toMatchObject({ code: 1, signal: null, stdout: '' });
    expect(ended.stderr).not.toContain(' Stopped');
    await unanswered;
  });
});

describe.concurrent('The runtime directory', () => {
  const gid = isRoot ? 1 : (process.getgid?.() ?? 0);

  test.each(['000', '077'])('holds files of the right mode and group under umask %s', async (umask) => {
    using directory = temporaryDirectory();
    const shell = ['/bin/sh', '-c', `umask ${umask}; exec "$@"`, 'sh'];
    const flags = [
      '--config',
      '/dev/null',
      '--runtime-dir',
      directory.path,
      '--agent-socket-group',
      `${gid}`,
    ];
    const child = startChild([...shell, ...rolekeeper, 'serve', ...flags], {
      env,
    });
    await child.says(/ Ready /);
    const modes = ['agent.sock', 'credential-process.json', 'state.json'].map((name) => {
      const stats = statSync(join(directory.path, name));
      return [name, (stats.mode & 0o777).toString(8), name === 'state.json' || stats.gid === gid];
    });
    child.kill('SIGTERM');
    await child.ended;
    expect(modes).toEqual([
      ['agent.sock', '660', true],
      ['credential-process.json', '640', true],
      ['state.json', '600', true],
    ]);
  });

  test("holds a process file for the agent alone where the socket's mode keeps the group out", async () => {
    using directory = temporaryDirectory();
    const flags = ['--agent-socket-mode', '0600'];
    await using agent = await agentProcess({ endpoint, runtimeDirectory: directory.path, flags });
    await agent.child.says(/ Ready /);
    expect(statSync(join(directory.path, 'credential-process.json')).mode & 0o777).toBe(0o600);
  });

  test('belongs to one agent: a second one exits 8, and the first is unharmed', async () => {
    await using world = await serving();
    const before = readdirSync(world.directory).sort();
    const second = startAgentProcess({ endpoint, runtimeDirectory: world.directory });
    const ended = await second.child.ended;
    expect(ended).toMatchObject({ code: 8, stdout: '' });
    expect(ended.stderr).toContain(
      `Cannot listen on ${world.agent.socketPath}: another agent is listening there. Stop it first`,
    );
    expect((await world.agent.ask('/v1/credentials')).status).toBe(200);
    expect(readdirSync(world.directory).sort()).toEqual(before);
  });

  test('that cannot be written to is an error that names it, and nothing is left running', async () => {
    const ended = await startAgentProcess({ endpoint, runtimeDirectory: '/sys' }).child.ended;
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('Cannot listen on /sys/agent.sock: ');
  });

  test('that cannot be made is an error that says what is needed', async () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'file');
    writeFileSync(file, '');
    for (const path of [join(file, 'below'), '/proc/nowhere']) {
      const ended = await startAgentProcess({ endpoint, runtimeDirectory: path }).child.ended;
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toContain(`Cannot make the runtime directory ${path} (`);
      expect(ended.stderr).toContain('--runtime-dir');
    }
  });

  test('whose path is too long for a socket is an error that says how long it may be', async () => {
    using directory = temporaryDirectory();
    const long = join(directory.path, 'x'.repeat(100));
    const ended = await startAgentProcess({ endpoint, runtimeDirectory: long }).child.ended;
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('the path of a Unix socket has at most 107 bytes');
    expect(readdirSync(long)).toEqual([]);
  });
});

test('A port that is taken is an error that names it, and leaves no socket behind', async () => {
  using directory = temporaryDirectory();
  await using taken = await silentServer();
  const flags = ['--container-endpoint-listen', taken.url.slice('http://'.length)];
  const agent = startAgentProcess({ endpoint, runtimeDirectory: directory.path, flags });
  const ended = await agent.child.ended;
  expect(ended).toMatchObject({ code: 1, stdout: '' });
  expect(ended.stderr).toContain(taken.url.slice('http://'.length));
  expect(readdirSync(directory.path)).not.toContain('agent.sock');
});

describe.concurrent('The configuration', () => {
  test('that is wrong is told whole, a line each with its place, and exits 2', async () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'config.toml');
    const lines = ['[imds]', 'endpoint = "ftp://x"', 'speed = 3', '[policy]', 'ready = "soon"', ''];
    writeFileSync(file, lines.join('\n'));
    const flags = ['--config', file, '--runtime-dir', 'relative', '--log-level', 'loud'];
    const { code, stdout, stderr } = await startChild([...rolekeeper, 'serve', ...flags]).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n').map((line) => line.slice(0, line.indexOf(';')))).toEqual([
      `rolekeeper: ${file}:2:12: imds.endpoint must be http://HOST[:PORT]`,
      expect.stringContaining(`rolekeeper: ${file}:3:1: imds.speed is not a key`),
      `rolekeeper: ${file}:5:9: policy.ready must be credentials or listening`,
      'rolekeeper: --log-level: log.level must be error, warn, info or debug',
      'rolekeeper: --runtime-dir must name the runtime directory by an absolute path',
      '',
    ]);
    expect(readdirSync(directory.path)).toEqual(['config.toml']);
  });

  test('that names a group which does not exist is told before anything listens', async () => {
    using directory = temporaryDirectory();
    const flags = ['--agent-socket-group', 'no-such-group'];
    const agent = startAgentProcess({ endpoint, runtimeDirectory: directory.path, flags });
    const ended = await agent.child.ended;
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('There is no group no-such-group on this machine');
    expect(readdirSync(directory.path)).toEqual([]);
  });
});

describe.concurrent('The log', () => {
  test('says at once that it is ready where that means listening', async () => {
    await using silence = await silentServer();
    using directory = temporaryDirectory();
    const flags = ['--policy-ready', 'listening'];
    await using agent = await agentProcess({
      endpoint: silence.url,
      runtimeDirectory: directory.path,
      flags,
    });
    await agent.child.says(/ Ready how=listening\n/);
    expect((await agent.ask('/readyz')).status).toBe(200);
  });

  test('may lose its reader: the agent goes on, and ends cleanly', async () => {
    using directory = temporaryDirectory();
    const flags = ['--config', '/dev/null', '--runtime-dir', directory.path];
    const [program = '', ...args] = [...rolekeeper, 'serve', ...flags];
    const child = spawn(program, [...args, '--imds-check-interval', '100ms', '--log-level', 'debug'], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'exit');
    for await (const text of child.stderr.setEncoding('utf8')) if (/ Ready /.test(text)) break;
    child.stderr.destroy();
    // Each check writes lines that nobody reads.
    const socketPath = join(directory.path, 'agent.sock');
    const checksBefore = simulator.requestCounts().list;
    while (simulator.requestCounts().list < checksBefore + 3) await askSocket(socketPath, '/v1/status');
    expect((await askSocket(socketPath, '/v1/credentials')).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(readdirSync(directory.path).sort()).toEqual(neededByARestart);
  });
});

/** Takes connections, and never answers. */
async function silentServer() {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => sockets.add(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Of a log in text: without time and level, and of fields only those that say how. */
function messages(stderr: string): string[] {
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\S+ +\w+ +/, '').replace(/ (?!how=|signal=)\w+=.*$/, ''));
}
