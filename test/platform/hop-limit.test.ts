import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { keepOnThisHost } from '../../src/platform/hop-limit.ts';
import { systemLibc } from '../../src/platform/libc.ts';

const OPTIONS = { '127.0.0.1': [0, 2], '::1': [41, 16] } as const;

test.each(['127.0.0.1', '::1'] as const)('answers over %s leave with a hop limit of 1', async (host) => {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const [level, option] = OPTIONS[host];
  const limit = async () => {
    const client = connect({ host, port: (server.address() as AddressInfo).port });
    const [connection] = (await once(server, 'connection')) as [Socket];
    const { fd } = (connection as Socket & { _handle: { fd: number } })._handle;
    const value = systemLibc()?.socketOption(fd, level, option, 4)?.readInt32LE();
    client.destroy();
    connection.destroy();
    return value;
  };
  expect(await limit()).not.toBe(1);
  expect(keepOnThisHost(server)).toBe(true);
  expect(await limit()).toBe(1);
  expect(
    keepOnThisHost(server, () => undefined),
    'without the functions',
  ).toBe(false);
  server.close();
  expect(keepOnThisHost(server), 'a closed one').toBe(false);
});
