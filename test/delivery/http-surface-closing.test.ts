import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { closeHttpSurface, createHttpSurface, surfaceListener } from '../../src/delivery/http-surface.ts';
import { jsonRefusal, send } from '../../src/delivery/reply.ts';
import { listenOnLoopback } from '../../src/platform/tcp-listener.ts';
import { eventually } from '../support/eventually.ts';
import { manualClock } from '../support/manual-clock.ts';

const GRACE_MS = 1_000;
const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** A surface that answers `/` at once and anything else when it is told to, and what its clients have received. */
async function surface() {
  const clock = manualClock();
  const held = Promise.withResolvers<void>();
  const server = createHttpSurface(
    surfaceListener({
      guards: [],
      refuse: jsonRefusal,
      async record() {},
      async route(request, response) {
        if (request.url !== '/') await held.promise;
        send(response, { status: 200, type: 'text/plain', body: 'served' });
      },
    }),
  );
  const address = await listenOnLoopback(server, { host: '127.0.0.1', port: 0 });
  return {
    clock,
    release: held.resolve,
    /** Begins to close, and returns once it is clear whether that has ended. */
    close: () => closeHttpSurface(server, GRACE_MS, clock.setTimer),
    async client() {
      const accepted = once(server, 'connection');
      const socket: Socket & { received?: string } = connect(address);
      socket.received = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        socket.received += text;
      });
      socket.on('error', () => {});
      await accepted;
      return socket;
    },
  };
}

test('a client that was accepted before, and asks after, is answered and told that the connection ends', async () => {
  const { client, close, clock } = await surface();
  const late = await client();
  const closed = close();
  late.write(REQUEST);
  await closed;
  await eventually(() => late.destroyed);
  expect(late.received).toContain('200 OK');
  expect(late.received).toContain('Connection: close');
  expect(clock.pendingTimers()).toBe(0);
});

test('a client that was accepted and asks nothing is cut after half a second', async () => {
  const { client, close, clock } = await surface();
  const idle = await client();
  const closed = close();
  await clock.advance(499);
  expect(idle.destroyed).toBe(false);
  await clock.advance(1);
  await closed;
  await eventually(() => idle.destroyed);
});

test('a connection that is kept for later requests ends at once', async () => {
  const { client, close, clock } = await surface();
  const kept = await client();
  kept.write(REQUEST);
  await eventually(() => kept.received?.endsWith('served') ?? false);
  await close();
  await eventually(() => kept.destroyed);
  expect(clock.pendingTimers()).toBe(0);
});

test('an answer under way is finished, and ends its connection', async () => {
  const { client, close, release } = await surface();
  const waiting = await client();
  waiting.write(REQUEST.replace('/', '/held'));
  const other = await client();
  other.write(REQUEST);
  await eventually(() => other.received?.endsWith('served') ?? false);
  const closed = close();
  release();
  await closed;
  await eventually(() => waiting.destroyed);
  expect(waiting.received).toContain('served');
});

test('an answer that does not come is cut when the grace is over', async () => {
  const { client, close, clock } = await surface();
  const waiting = await client();
  waiting.write(REQUEST.replace('/', '/held'));
  const other = await client();
  other.write(REQUEST);
  await eventually(() => other.received?.endsWith('served') ?? false);
  const closed = close();
  await clock.advance(GRACE_MS - 1);
  expect(waiting.destroyed).toBe(false);
  await clock.advance(1);
  await closed;
  await eventually(() => waiting.destroyed);
  expect(waiting.received).toBe('');
});
