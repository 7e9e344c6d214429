import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import net, { type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type AgentAnswer, AgentError, askAgent } from '../../src/client/agent-client.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { repository, run, startChild } from '../support/child.ts';
import { eventually } from '../support/eventually.ts';
import { NOBODY, nobodyMayRun } from '../support/machine.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';

const DEADLINE_MS = 2_000;
const asNobody = nobodyMayRun(process.execPath);
const nobodyOnly = asNobody ? '' : ' (skipped: this needs root, and a checkout that others may enter)';

let directory: ReturnType<typeof temporaryDirectory>;
let socketPath: string;
let clock: ManualClock;
beforeEach(() => {
  directory = temporaryDirectory();
  socketPath = join(directory.path, 'agent.sock');
  clock = manualClock();
});
afterEach(() => directory[Symbol.dispose]());

function ask(at = socketPath): Promise<AgentAnswer> {
  return askAgent({ socketPath: at, path: '/v1/status', deadlineMs: DEADLINE_MS, clock });
}

/** What it was rejected with. The timer of the deadline must be gone by then. */
async function problem(asked: Promise<AgentAnswer>): Promise<AgentError> {
  const error: unknown = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AgentError)) throw new Error(`No AgentError: ${error}`);
  expect(clock.pendingTimers()).toBe(0);
  expect(error.message).not.toMatch(/[\n\r]/);
  return error;
}

interface RawAgent {
  /** What was received, by connection. */
  readonly requests: string[];
  /** Connections that are still open. */
  readonly open: () => number;
}

/** Something that listens at the path, and does to each connection what the test says once a request is in. */
async function agent(respond: (socket: Socket) => void): Promise<RawAgent> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.once('data', (data) => {
      requests.push(data.toString('latin1'));
      respond(socket);
    });
  });
  server.listen(socketPath);
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { requests, open: () => sockets.size };
}

const sends = (bytes: string) => (socket: Socket) => socket.write(bytes);
const sendsAndEnds = (bytes: string) => (socket: Socket) => socket.end(bytes);
const answer = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe('An answer', () => {
  test('comes with its status and its body, and the connection is closed', async () => {
    const { requests, open } = await agent(
      sends('HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\ngrößer'),
    );
    expect(await ask()).toEqual({ status: 404, body: 'größer' });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatch(/^GET \/v1\/status HTTP\/1\.1\r\nHost: rolekeeper\r\n/);
    expect(clock.pendingTimers()).toBe(0);
    await eventually(() => open() === 0);
  });

  test('may come in pieces, byte by byte', async () => {
    await agent(async (socket) => {
      for (const byte of answer('{"a":1}')) await new Promise((sent) => socket.write(byte, sent));
    });
    expect((await ask()).body).toBe('{"a":1}');
  });

  test('may end with the connection instead of having a length', async () => {
    await agent(sendsAndEnds('HTTP/1.1 200 OK\r\n\r\nabc'));
    expect(await ask()).toEqual({ status: 200, body: 'abc' });
  });

  test('of 64 KiB is taken', async () => {
    await agent(sends(answer('x'.repeat(64 * 1024))));
    expect((await ask()).body).toHaveLength(64 * 1024);
  });

  test('that redirects is followed nowhere', async () => {
    const { requests } = await agent(
      sends('HTTP/1.1 302 Found\r\nLocation: /v1/credentials\r\nContent-Length: 0\r\n\r\n'),
    );
    expect(await ask()).toEqual({ status: 302, body: '' });
    expect(requests).toHaveLength(1);
  });
});

describe('not-running', () => {
  test.each([
    ['there is no socket', 'ENOENT', () => {}],
    ['a file stands there', 'ECONNREFUSED', () => writeFileSync(socketPath, '')],
    ['a directory stands there', 'ECONNREFUSED', () => mkdirSync(socketPath)],
    ['a symlink leads round in a circle', 'ELOOP', () => symlinkSync('agent.sock', socketPath)],
  ])('where %s', async (_, code, prepare) => {
    prepare();
    expect(await problem(ask())).toMatchObject({
      problem: 'not-running',
      message: `No agent is listening on ${socketPath} (${code}): start it (systemctl start rolekeeper) or name its --runtime-dir`,
    });
  });

  test('where nobody listens behind the socket any more', async () => {
    const listenAndDie = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    await run([process.execPath, '-e', listenAndDie, socketPath]);
    expect((await problem(ask())).message).toContain('(ECONNREFUSED)');
  });

  test.each([
    ['below a file', () => join('/etc/passwd', 'agent.sock')],
    ['too long for a socket', () => join(directory.path, 'x'.repeat(120))],
  ])('where the path is %s', async (_, at) => {
    expect(await problem(ask(at()))).toMatchObject({ problem: 'not-running' });
  });
});

test.skipIf(!asNobody)(`not-permitted where mode and group keep the user out${nobodyOnly}`, async () => {
  const { requests } = await agent(sends(answer('secret')));
  const source = `
    import { askAgent } from ${JSON.stringify(`${repository}src/client/agent-client.ts`)};
    import { systemClock as clock } from ${JSON.stringify(`${repository}src/platform/clock.ts`)};
    const asked = askAgent({ socketPath: process.argv[1], path: '/', deadlineMs: 10_000, clock });
    process.stdout.write(await asked.then(() => 'answered', (error) => [error.problem, error.message].join(': ')));`;
  const command = [process.execPath, '--input-type=module', '-e', source, socketPath];
  const { stdout, stderr } = await run(command, { uid: NOBODY });
  expect({ stdout, stderr }).toEqual({
    stdout: `not-permitted: This user may not open ${socketPath}: add it to the socket's group (see ls -l), by default rolekeeper`,
    stderr: '',
  });
  expect(requests).toEqual([]);
});

describe('no-answer', () => {
  const because = (why: string) => ({
    problem: 'no-answer',
    message: expect.stringContaining(
      `The agent on ${socketPath} gave no answer (${why}): see its log (journalctl -u rolekeeper)`,
    ),
  });

  test.each([
    ['accepts and never answers', ''],
    ['stops after half of the head', 'HTTP/1.1 200 OK\r\nConte'],
    ['stops within the body', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"Version":1,'],
    ['says again and again that it goes on', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(50)],
  ])('at the deadline, not before, where the agent %s; and the connection is closed', async (_, bytes) => {
    const { open, requests } = await agent(sends(bytes));
    let settled = false;
    const asked = problem(
      ask().finally(() => {
        settled = true;
      }),
    );
    await eventually(() => requests.length === 1);
    await clock.advance(DEADLINE_MS - 1);
    expect(settled).toBe(false);
    await clock.advance(1);
    expect(await asked).toMatchObject(because(`no whole answer within ${DEADLINE_MS} ms`));
    await eventually(() => open() === 0);
  });

  test('at the deadline where the connection is not even accepted', async () => {
    const listen = `require('node:net').createServer().listen(process.argv[1], () => console.log('listening'))`;
    const child = startChild([process.execPath, '-e', listen, socketPath]);
    onTestFinished(() => child.kill('SIGKILL'));
    await child.says(/listening/);
    child.kill('SIGSTOP');
    const asked = problem(ask());
    await clock.advance(DEADLINE_MS);
    expect(await asked).toMatchObject(because(`no whole answer within ${DEADLINE_MS} ms`));
  });

  test.each([
    ['closes the connection', '', 'socket hang up'],
    ['closes it within the head', 'HTTP/1.1 200 OK\r\nConte', 'socket hang up'],
    ['closes it within the body', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"Vers', 'aborted'],
    ['closes it within a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab', 'aborted'],
    ['speaks no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'Parse Error: Expected HTTP/, RTSP/ or ICE/'],
    [
      'sends a head without end',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`,
      'Parse Error: Header overflow',
    ],
    [
      'switches to another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
      'the connection ended without one',
    ],
  ])('where the agent %s', async (_, bytes, why) => {
    const { open } = await agent(sendsAndEnds(bytes));
    expect(await problem(ask())).toMatchObject(because(why));
    await eventually(() => open() === 0);
  });

  test.each([
    ['with a length', 'Content-Length: 999999999\r\n\r\n'],
    ['without one', '\r\n'],
  ])('where the answer is larger than 64 KiB, %s: it is not read to its end', async (_, head) => {
    const { open } = await agent((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${head}`);
      const chunk = 'x'.repeat(16 * 1024);
      const more = () => socket.writable && socket.write(chunk, more);
      more();
    });
    expect(await problem(ask())).toMatchObject(because('the answer is too large'));
    await eventually(() => open() === 0);
  });
});
