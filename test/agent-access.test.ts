import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createAgentAccess } from '../src/agent-access.ts';
import { resolveSettings } from '../src/config/resolve.ts';
import { temporaryDirectory } from './support/agent-process.ts';
import { manualClock } from './support/manual-clock.ts';
import { memoryLog } from './support/memory-log.ts';
import { servedStore } from './support/surface.ts';

async function access(text = '') {
  const result = await resolveSettings({ file: { path: 'c.toml', text }, env: {}, flags: {} });
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  const { store } = servedStore();
  return createAgentAccess(result.settings, { store }, { clock: manualClock(), log: memoryLog() });
}

const ownUid = process.getuid?.() ?? 0;

describe.each(['agent_socket', 'container_endpoint'] as const)('at %s', (surface) => {
  test('one user gets half of the connections beside the first few, and then one for each that is closed', async () => {
    using directory = temporaryDirectory();
    const server = createServer();
    server.maxConnections = 8;
    (await access()).watch(server, surface);
    const path = join(directory.path, 'x.sock');
    server.listen(surface === 'agent_socket' ? { path } : { port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const port = (server.address() as AddressInfo).port;
    const open = async () => {
      const client = surface === 'agent_socket' ? connect(path) : connect(port, '127.0.0.1');
      client.on('error', () => {});
      const [accepted] = (await once(server, 'connection')) as [Socket];
      return { client, accepted };
    };
    const all: Awaited<ReturnType<typeof open>>[] = [];
    for (let count = 0; count < 6; count++) all.push(await open());
    expect(all.map(({ accepted }) => accepted.destroyed)).toEqual([...Array(5).fill(false), true]);
    const [, first, ...others] = all;
    if (first === undefined) throw new Error('Nothing was opened');
    first.client.destroy();
    await once(first.accepted.resume(), 'close');
    const next = await open();
    expect(next.accepted.destroyed).toBe(false);
    for (const { client, accepted } of [all[0], ...others, next].flatMap((each) => each ?? [])) {
      client.destroy();
      accepted.destroy();
    }
    server.close();
    await once(server, 'close');
  });

  test('the gate judges by who the kernel says that it is', async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 'x.sock');
    const server = createServer().listen(
      surface === 'agent_socket' ? { path } : { port: 0, host: '127.0.0.1' },
    );
    await once(server, 'listening');
    const port = (server.address() as AddressInfo).port;
    const client = surface === 'agent_socket' ? connect(path) : connect(port, '127.0.0.1');
    const [connection] = (await once(server, 'connection')) as [Socket];
    for (const [uid, isAllowed] of [
      [ownUid, true],
      [ownUid + 1, false],
    ] as const) {
      const gate = (await access(`[[allow]]\nuser = "${uid}"`)).gate(surface);
      const caller = await gate.callerOf(connection);
      expect(caller.uid).toBe(ownUid);
      expect(gate.refusal(caller) === undefined).toBe(isAllowed);
    }
    client.destroy();
    connection.destroy();
    server.close();
    await once(server, 'close');
  });
});

test('each surface gets its part of the descriptors, and never more than enough', async () => {
  const { mostConnections } = await access();
  expect(mostConnections).toBeGreaterThanOrEqual(16);
  expect(mostConnections).toBeLessThanOrEqual(10_000);
});
