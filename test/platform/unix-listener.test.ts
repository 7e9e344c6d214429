import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listenOnUnixSocket } from '../../src/platform/unix-listener.ts';
import { exchange } from '../support/raw-http.ts';

// Inherited sockets: inherited-sockets.test.ts.
test('a socket file of our own has its mode, is listened on, and is taken back at the end', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rolekeeper-test-'));
  const path = join(directory, 'agent.sock');
  const server = createServer((socket) => socket.end('served'));
  const release = await listenOnUnixSocket(server, { path, mode: 0o640 });
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(await exchange({ path }, '')).toBe('served');
  release();
  expect(existsSync(path)).toBe(false);
  server.close();
  await once(server, 'close');
  rmSync(directory, { recursive: true });
});
