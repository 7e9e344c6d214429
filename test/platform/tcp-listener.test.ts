import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { authorityOf, listenOnLoopback } from '../../src/platform/tcp-listener.ts';

const BEYOND = [
  '0.0.0.0',
  '::',
  '10.0.0.1',
  '169.254.169.254',
  '192.168.1.1',
  '128.0.0.1',
  '1270.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:0.0.0.0',
  'fe80::1',
  '::2',
  'localhost',
  'example.com',
  '127.0.0.1.example.com',
  '127.1',
  '',
];

describe('an address', () => {
  test.each(BEYOND)('%j is refused before anything is opened', async (host) => {
    const server = createServer();
    await expect(listenOnLoopback(server, { host, port: 0 })).rejects.toThrow(
      /^Refused to listen on .*: credentials are served on loopback only/,
    );
    expect(server.listening).toBe(false);
  });

  test.each(['127.0.0.1', '127.0.0.9', '::1'])(
    '%s is listened on, and the free port is told',
    async (host) => {
      const server = createServer();
      const bound = await listenOnLoopback(server, { host, port: 0 });
      expect(bound).toEqual({ host, port: (server.address() as { port: number }).port });
      expect(server.address()).toMatchObject({ address: host });
      server.close();
      await once(server, 'close');
    },
  );

  test('that is taken is an error that says what to do', async () => {
    const first = createServer();
    const { host, port } = await listenOnLoopback(first, { host: '127.0.0.1', port: 0 });
    await expect(listenOnLoopback(createServer(), { host, port })).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${port} (EADDRINUSE): another program does. ss -ltnp shows which`,
    );
    first.close();
    await once(first, 'close');
  });

  test('is written as in a URL', () => {
    expect(authorityOf({ host: '127.0.0.1', port: 9911 })).toBe('127.0.0.1:9911');
    expect(authorityOf({ host: '::1', port: 9911 })).toBe('[::1]:9911');
  });
});
