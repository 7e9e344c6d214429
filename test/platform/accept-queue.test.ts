import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ACCEPT_QUEUE, acceptWaiting } from '../../src/platform/accept-queue.ts';
import { listenOnLoopback } from '../../src/platform/tcp-listener.ts';
import { listenOnUnixSocket } from '../../src/platform/unix-listener.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { repository } from '../support/child.ts';
import { programPath } from '../support/machine.ts';
import { serviceManager } from '../support/service-manager.ts';

/** More than fit into Node's own queue. */
const MANY = 600;

test('whoever waits is accepted, and nobody is waited for', async () => {
  using directory = temporaryDirectory();
  const server = createServer((socket) => socket.end());
  let accepted = 0;
  server.on('connection', () => accepted++);
  await listenOnUnixSocket(server, { path: join(directory.path, 's'), mode: 0o600, gid: undefined });
  const clients = arrive(join(directory.path, 's'), 50);
  await acceptWaiting(server);
  expect(accepted).toBe(50);
  await Promise.all(clients);
  await acceptWaiting(server);
  await closed(server);
});

test('clients that never stop coming are not waited for', async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, 's');
  let isOver = false;
  const server = createServer((socket) => {
    socket.on('error', () => {}).destroy();
    if (!isOver) connect(path).on('error', () => {});
  });
  await listenOnUnixSocket(server, { path, mode: 0o600, gid: undefined });
  connect(path).on('error', () => {});
  await acceptWaiting(server);
  isOver = true;
  await closed(server);
});

test('a Unix socket has room for clients that come all at once', async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, 's');
  const server = createServer((socket) => socket.end());
  await listenOnUnixSocket(server, { path, mode: 0o600, gid: undefined });
  expect(new Set(await Promise.all(arrive(path, MANY)))).toEqual(new Set(['connected']));
  await closed(server);
});

test('an inherited socket has as much room while nobody serves it', async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, 's');
  await using manager = await serviceManager({
    sockets: [{ name: 'agent', path }],
    command: [process.execPath, `${repository}test/support/inheritor.ts`, 'agent=unix'],
  });
  await manager.start();
  await manager.stop();
  expect(new Set(await Promise.all(arrive(path, MANY)))).toEqual(new Set(['connected']));
});

const ss = programPath('ss');
test.skipIf(ss === undefined)('a TCP socket has as much, as far as the kernel lets it', async () => {
  const server = createServer();
  await listenOnLoopback(server, { host: '127.0.0.1', port: 0 });
  const { port } = server.address() as AddressInfo;
  const row = execFileSync(ss ?? '', ['-Hltn', `sport = :${port}`], { encoding: 'utf8' });
  const most = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
  expect(Number(row.split(/\s+/)[2])).toBe(Math.min(ACCEPT_QUEUE, most));
  await closed(server);
});

/** All of them before the server's process has a turn to accept one. Each resolves with what became of it. */
function arrive(path: string, count: number): readonly Promise<string>[] {
  return Array.from({ length: count }, () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = connect(path, () => {
      resolve('connected');
      socket.end();
    });
    socket.on('error', ({ message }) => resolve(message));
    return promise;
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}
