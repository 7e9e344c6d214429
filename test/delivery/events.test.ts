import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Events } from '../../src/delivery/events.ts';
import type { CredentialStore } from '../../src/lifecycle/credential-store.ts';
import { http } from '../../src/platform/http.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { ask, type EventsSurface, eventsSurface, openStream, pollsHeld } from '../support/events-surface.ts';
import { type ManualClock, settle } from '../support/manual-clock.ts';

let surface: EventsSurface;
let clock: ManualClock;
let networkClock: ManualClock;
let store: CredentialStore;
let events: Events;

beforeEach(() => serve());
afterEach(() => surface[Symbol.asyncDispose]());

async function serve(limits: { maxConsumers?: number } = {}): Promise<void> {
  surface = await eventsSurface(limits);
  ({ clock, networkClock, store, events } = surface);
}

function take(serial: number, expiration = '2026-11-23T14:00:00Z'): void {
  store.apply(success(roleCredentials(serial, expiration)));
}

describe('a stream', () => {
  test('begins with the state at that moment', async () => {
    take(1);
    const stream = await openStream(surface);
    expect(stream.response.statusCode).toBe(200);
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
    });
    expect(await stream.next()).toEqual({
      id: '101',
      event: 'credentials',
      data: {
        event: 'credentials',
        generation: 101,
        phase: 'fresh',
        role: 'web',
        account_id: '111122223333',
        key_id: '…0001',
        expiration: '2026-11-23T14:00:00Z',
        advertised_expiration: '2026-11-23T14:00:00Z',
      },
    });
  });

  test('tells of each new set, of the withdrawal and of the return of the role, once each', async () => {
    const stream = await openStream(surface);
    expect(await stream.next()).toMatchObject({ id: '100', event: 'withdrawn', data: { phase: 'pending' } });
    take(1);
    expect(await stream.next()).toMatchObject({ id: '101', event: 'credentials' });
    take(1);
    take(2, '2026-11-23T15:00:00Z');
    expect(await stream.next()).toMatchObject({ id: '102', data: { key_id: '…0002' } });
    for (let check = 0; check < 4; check += 1) store.apply(failure('no-role'));
    expect(await stream.next()).toMatchObject({
      id: '103',
      event: 'withdrawn',
      data: { phase: 'absent', code: 'role-detached' },
    });
    take(3, '2026-11-23T16:00:00Z');
    expect(await stream.next()).toMatchObject({ id: '104', event: 'credentials', data: { key_id: '…0003' } });
  });

  test.each([
    [-1_000, 'credentials', 'mandatory'],
    [0, 'expired', 'expired'],
    [1_000, 'expired', 'expired'],
  ])('opened %i ms from the expiration says %s', async (offset, event, phase) => {
    take(1, '2026-11-23T08:10:00Z');
    clock.stepWall(600_000 + offset);
    expect(await (await openStream(surface)).next()).toMatchObject({ id: '101', event, data: { phase } });
  });

  test('tells of an expiration, which changes no generation, once', async () => {
    take(1, '2026-11-23T08:10:00Z');
    const stream = await openStream(surface);
    await stream.next();
    await clock.advance(600_000);
    store.observe();
    expect(await stream.next()).toMatchObject({
      id: '101',
      event: 'expired',
      data: { phase: 'expired', role: 'web', key_id: '…0001', code: 'credentials-expired' },
    });
    store.apply(failure('timeout'));
    take(2);
    expect(await stream.next()).toMatchObject({ id: '102', event: 'credentials' });
  });

  test('opened between the expiration and its notice is not told of it twice', async () => {
    take(1, '2026-11-23T08:10:00Z');
    await clock.advance(600_000);
    const stream = await openStream(surface);
    expect(await stream.next()).toMatchObject({ event: 'expired' });
    store.observe();
    take(2);
    expect(await stream.next()).toMatchObject({ id: '102' });
  });

  test('holds no secret', async () => {
    take(1);
    const stream = await openStream(surface);
    await stream.next();
    take(2);
    await stream.next();
    expect(stream.text()).not.toMatch(/EXAMPLE/);
  });

  test('reconnected with the id of the current set is told only of what comes after', async () => {
    take(1);
    const stream = await openStream(surface, { 'Last-Event-ID': '101' });
    take(2);
    expect(await stream.next()).toMatchObject({ id: '102' });
  });

  test.each(['100', '99', '500', 'x', '', '-1'])(
    'reconnected with another id (%j) is told the state',
    async (id) => {
      take(1);
      const stream = await openStream(surface, { 'Last-Event-ID': id });
      expect(await stream.next()).toMatchObject({ id: '101' });
    },
  );

  test('reconnected after an expiration of the set that it knows is told of that', async () => {
    take(1, '2026-11-23T08:10:00Z');
    await clock.advance(600_000);
    store.observe();
    const stream = await openStream(surface, { 'Last-Event-ID': '101' });
    expect(await stream.next()).toMatchObject({ id: '101', event: 'expired' });
  });

  test('reconnected between the expiration of the set that it knows and its notice is told of that', async () => {
    take(1, '2026-11-23T08:10:00Z');
    await clock.advance(600_000);
    const stream = await openStream(surface, { 'Last-Event-ID': '101' });
    expect(await stream.next()).toMatchObject({ id: '101', event: 'expired' });
  });

  test('reconnected to a set that was taken for expired in between is told of it again', async () => {
    take(1, '2026-11-23T08:10:00Z');
    clock.stepWall(600_000);
    store.observe();
    clock.stepWall(-600_000);
    store.observe();
    const stream = await openStream(surface, { 'Last-Event-ID': '101' });
    expect(await stream.next()).toMatchObject({ id: '101', event: 'credentials' });
  });

  test('that the consumer leaves is forgotten, with its timer', async () => {
    const stream = await openStream(surface);
    await stream.next();
    expect(networkClock.pendingTimers()).toBe(1);
    stream.response.destroy();
    while ((await surface.connections()) > 0) await settle();
    await settle();
    expect(networkClock.pendingTimers()).toBe(0);
    take(1);
  });

  test('HEAD gets the headers and no stream', async () => {
    const { response, text } = await ask(surface, '/v1/events', { method: 'HEAD' });
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('text/event-stream');
    expect(text).toBe('');
    expect(networkClock.pendingTimers()).toBe(0);
  });
});

describe('a long poll', () => {
  test('is answered at once where another generation is known than there is', async () => {
    take(1);
    for (const after of [-1, 0, 100, 102]) {
      const { response, json } = await ask(surface, `/v1/events?after=${after}&wait=55`);
      expect(response.headers['content-type']).toBe('application/json');
      expect(json()).toMatchObject({ event: 'credentials', generation: 101, role: 'web' });
    }
    expect(networkClock.pendingTimers()).toBe(0);
  });

  test('is answered by the next change', async () => {
    take(1);
    const answer = ask(surface, '/v1/events?after=101&wait=30');
    await pollsHeld(surface);
    take(1);
    take(2);
    expect((await answer).json()).toMatchObject({ generation: 102, key_id: '…0002' });
    expect(networkClock.pendingTimers()).toBe(0);
  });

  test('is answered by an expiration, under the same generation', async () => {
    take(1, '2026-11-23T08:10:00Z');
    const answer = ask(surface, '/v1/events?after=101&wait=30');
    await pollsHeld(surface);
    await clock.advance(600_000);
    store.observe();
    expect((await answer).json()).toMatchObject({ generation: 101, event: 'expired' });
  });

  test('that the consumer leaves is forgotten, with its timer', async () => {
    const request = http.get({
      socketPath: surface.socketPath,
      path: '/v1/events?after=100&wait=30',
      agent: false,
    });
    request.on('error', () => {});
    await pollsHeld(surface);
    request.destroy();
    while (networkClock.pendingTimers() > 0) await settle();
    take(1);
  });
});

describe('with as many consumers as there may be', () => {
  test('one more is told to come back, and served when one has left', async () => {
    await surface[Symbol.asyncDispose]();
    await serve({ maxConsumers: 2 });
    const stream = await openStream(surface);
    await stream.next();
    const poll = ask(surface, '/v1/events?after=100&wait=30');
    await pollsHeld(surface, 2);

    for (const path of ['/v1/events', '/v1/events?after=100&wait=30']) {
      const { response, json } = await ask(surface, path);
      expect(response.statusCode).toBe(503);
      expect(response.headers['retry-after']).toBe('5');
      expect(json()).toMatchObject({ code: 'too-many-consumers' });
    }
    // What need not wait holds no place.
    expect((await ask(surface, '/v1/events?after=-1')).response.statusCode).toBe(200);

    await networkClock.advance(30_000);
    await poll;
    expect(await (await openStream(surface)).next()).toMatchObject({ id: '100' });
  });
});

describe('closing', () => {
  test('ends every stream and answers every long poll at once, and leaves no timer', async () => {
    const streams = [await openStream(surface), await openStream(surface)];
    for (const stream of streams) await stream.next();
    const poll = ask(surface, '/v1/events?after=100&wait=30');
    await pollsHeld(surface, 2);
    events.close();
    await Promise.all(streams.map((stream) => stream.ended));
    const { response, json } = await poll;
    expect(json()).toMatchObject({ generation: 100 });
    expect(response.headers.connection).toBe('close');
    while ((await surface.connections()) > 0) await settle();
    expect(networkClock.pendingTimers()).toBe(0);
  });

  test('refuses who comes later, and a poll does not wait', async () => {
    events.close();
    const late = await ask(surface, '/v1/events');
    expect(late.response.statusCode).toBe(503);
    expect(late.json()).toMatchObject({ code: 'stopping' });
    expect((await ask(surface, '/v1/events?after=100&wait=30')).json()).toMatchObject({ generation: 100 });
    expect(networkClock.pendingTimers()).toBe(0);
  });
});
