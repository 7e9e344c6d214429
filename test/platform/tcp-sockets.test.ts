import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { socketHolders, tcpSockets } from '../../src/platform/tcp-sockets.ts';
import { temporaryDirectory } from '../support/agent-process.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

/** Little-endian, as on every machine that AWS has. */
function tables(tcp: string, tcp6?: string) {
  const directory = temporaryDirectory();
  writeFileSync(join(directory.path, 'tcp'), HEAD + tcp);
  if (tcp6 !== undefined) writeFileSync(join(directory.path, 'tcp6'), HEAD + tcp6);
  return directory;
}

test('reads addresses, ports, users and inodes, as the kernel writes them', () => {
  using root = tables(
    '   0: 0100007F:26B7 00000000:0000 0A 00000000:00000000 00:00000000 00000000   998        0 4711 1 0 100 0 0 10 0\n' +
      '   1: 0A01000A:D2F0 FEA9FEA9:0050 01 00000000:00000000 00:00000000 00000000    34        0 4712 1 0 20 4 30 10 -1\n',
    '   0: 00000000000000000000000001000000:26B8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0\n' +
      '   1: 0000000000000000FFFF00000A01000A:D2F1 0000000000000000FFFF0000FEA9FEA9:0050 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1\n',
  );
  expect(tcpSockets(root.path)).toEqual([
    {
      local: { address: '127.0.0.1', port: 9911 },
      remote: { address: '0.0.0.0', port: 0 },
      isListening: true,
      uid: 998,
      inode: 4711,
    },
    {
      local: { address: '10.0.1.10', port: 54_000 },
      remote: { address: '169.254.169.254', port: 80 },
      isListening: false,
      uid: 34,
      inode: 4712,
    },
    {
      local: { address: '::1', port: 9912 },
      remote: { address: '::', port: 0 },
      isListening: true,
      uid: 0,
      inode: 4713,
    },
    {
      local: { address: '10.0.1.10', port: 54_001 },
      remote: { address: '169.254.169.254', port: 80 },
      isListening: false,
      uid: 0,
      inode: 0,
    },
  ]);
});

test('a kernel without IPv6 has one table, and one without IPv4 is told of', () => {
  using root = tables('');
  expect(tcpSockets(root.path)).toEqual([]);
  expect(() => tcpSockets('/nonexistent')).toThrow('ENOENT');
});

test('finds a real socket and who holds it', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const row = tcpSockets().find(({ local, isListening }) => isListening && local.port === port);
  const holders = socketHolders(new Set([row?.inode ?? 0]));
  server.close();
  expect(row?.uid).toBe(process.geteuid?.());
  expect(holders.get(row?.inode ?? 0)).toBe(process.pid);
});

test('of processes that share a socket it names the lowest, and passes over what it may not look into', () => {
  using root = temporaryDirectory();
  for (const [pid, target] of [
    ['20', 'socket:[7]'],
    ['3', 'socket:[7]'],
    ['4', '/dev/null'],
  ] as const) {
    mkdirSync(join(root.path, pid, 'fd'), { recursive: true });
    symlinkSync(target, join(root.path, pid, 'fd', '0'));
  }
  mkdirSync(join(root.path, '5'));
  expect([...socketHolders(new Set([7, 8]), root.path)]).toEqual([[7, 3]]);
});
