import { once } from 'node:events';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { roleCredentials, success } from '../support/credentials.ts';
import {
  type EventsSurface,
  eventsSurface,
  FIRST_GENERATION,
  openStream,
} from '../support/events-surface.ts';
import { settle } from '../support/manual-clock.ts';

let surface: EventsSurface;

beforeEach(async () => {
  surface = await eventsSurface();
});
afterEach(() => surface[Symbol.asyncDispose]());

function take(serial: number, expiration = '2026-11-23T14:00:00Z'): void {
  surface.store.apply(success(roleCredentials(serial, expiration)));
}

describe('a stream', () => {
  test('beats every 15 s, with a comment that is no event', async () => {
    const stream = await openStream(surface);
    await stream.next();
    await surface.networkClock.advance(14_999);
    expect(stream.text()).not.toMatch(/^:/m);
    await surface.networkClock.advance(1);
    await stream.says(/\n:\n\n$/);
    await surface.networkClock.advance(15_000);
    await stream.says(/\n:\n\n:\n\n$/);
    take(1);
    expect(await stream.next()).toMatchObject({ id: '101' });
  });

  test('that nobody reads has one event waiting at most, and then gets the newest', async () => {
    const stream = await openStream(surface);
    await stream.next();
    stream.response.pause();
    const mostWaiting = await takeMany(3_000);
    // The one that the connection has not taken whole: what waits behind it is no bytes yet.
    expect(mostWaiting).toBeGreaterThan(0);
    expect(mostWaiting).toBeLessThan(600);
    stream.response.resume();
    const seen = await stream.until((event) => event.id === String(FIRST_GENERATION + 3_000));
    const ids = seen.map(({ id }) => Number(id));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeLessThan(3_000);
  });

  test('that takes nothing from one beat to the next is cut', async () => {
    const stream = await openStream(surface);
    await stream.next();
    stream.response.pause();
    await takeMany(3_000);
    await surface.networkClock.advance(15_000);
    expect(await surface.connections()).toBe(1);
    await surface.networkClock.advance(15_000);
    expect(await surface.connections()).toBe(0);
    stream.response.resume();
    await stream.ended;
  });

  test('that goes on reading after a slow while is not cut', async () => {
    const stream = await openStream(surface);
    await stream.next();
    stream.response.pause();
    await takeMany(3_000);
    await surface.networkClock.advance(15_000);
    stream.response.resume();
    await stream.until((event) => event.id === String(FIRST_GENERATION + 3_000));
    await surface.networkClock.advance(15_000);
    await stream.says(/:\n\n$/);
    stream.response.pause();
    await takeMany(3_000);
    await surface.networkClock.advance(15_000);
    expect(await surface.connections()).toBe(1);
  });

  test('an HTTP/1.0 consumer gets the events without chunks', async () => {
    take(1);
    const socket = net.connect(surface.socketPath);
    socket.setEncoding('utf8').write('GET /v1/events HTTP/1.0\r\n\r\n');
    let text = '';
    socket.on('data', (part) => {
      text += part;
    });
    while (!text.endsWith('}\n\n')) await once(socket, 'data');
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).toMatch(/\r\n\r\nretry: 1000\n\nid: 101\nevent: credentials\ndata: \{/);
    socket.destroy();
  });
});

/** New sets, one a turn of the event loop. Resolves with the most bytes that ever waited for the last consumer. */
async function takeMany(count: number): Promise<number> {
  let mostWaiting = 0;
  for (let serial = 1; serial <= count; serial += 1) {
    take(serial, `2026-11-24T${String(serial % 24).padStart(2, '0')}:00:00Z`);
    await settle();
    mostWaiting = Math.max(mostWaiting, surface.answering().writableLength);
  }
  return mostWaiting;
}
