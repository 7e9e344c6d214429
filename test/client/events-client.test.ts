import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentError } from '../../src/client/agent-client.ts';
import { nextEvent } from '../../src/client/events-client.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { roleCredentials, success } from '../support/credentials.ts';
import { type EventsSurface, eventsSurface } from '../support/events-surface.ts';
import { type ManualClock, manualClock, settle } from '../support/manual-clock.ts';

let surface: EventsSurface;
let clock: ManualClock;

beforeEach(async () => {
  surface = await eventsSurface();
  clock = manualClock();
});
afterEach(() => surface[Symbol.asyncDispose]());

function ask(after: number, waitMs: number, signal?: AbortSignal) {
  const { socketPath } = surface;
  return nextEvent({ socketPath, after, waitMs, clock, ...(signal !== undefined && { signal }) });
}

async function arrived(): Promise<void> {
  while (surface.networkClock.pendingTimers() === 0) await settle();
}

describe('the next event', () => {
  test('is the state, where it is not the known one', async () => {
    expect(await ask(-1, 30_000)).toEqual({ event: 'withdrawn', generation: 100 });
  });

  test('is the next change', async () => {
    const next = ask(100, 30_000);
    await arrived();
    surface.store.apply(success(roleCredentials(1, '2026-11-23T14:00:00Z')));
    expect(await next).toEqual({ event: 'credentials', generation: 101 });
    expect(clock.pendingTimers()).toBe(0);
  });

  test('is the unchanged state when the wait, in whole seconds, is over', async () => {
    const next = ask(100, 1_999);
    await arrived();
    expect(surface.requests).toEqual(['/v1/events?after=100&wait=1']);
    await surface.networkClock.advance(1_000);
    expect(await next).toEqual({ event: 'withdrawn', generation: 100 });
  });

  test('is none once the signal is aborted, at once', async () => {
    const stop = new AbortController();
    const next = ask(100, 30_000, stop.signal);
    await arrived();
    stop.abort();
    expect(await next).toBeUndefined();
    expect(clock.pendingTimers()).toBe(0);
  });

  test('is none where the agent knows no such thing', async () => {
    await using older = await eventsSurface({ withEvents: false });
    const { socketPath } = older;
    expect(await nextEvent({ socketPath, after: -1, waitMs: 0, clock })).toBeUndefined();
  });

  test.each([
    '{}',
    '[]',
    'null',
    '{"event":"x","generation":1}',
    '{"event":"expired","generation":"1"}',
    '{',
  ])('is none where the answer is %s', async (body) => {
    const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
    await using stranger = await listening(answer);
    expect(await nextEvent({ ...stranger, after: -1, waitMs: 0, clock })).toBeUndefined();
  });

  test('is an error where nothing comes until two seconds after the wait', async () => {
    await using silent = await listening('');
    let failure: unknown;
    const next = nextEvent({ ...silent, after: 1, waitMs: 30_000, clock }).catch((error: unknown) => {
      failure = error;
    });
    await clock.advance(31_999);
    expect(failure).toBeUndefined();
    await clock.advance(1);
    await next;
    expect(failure).toBeInstanceOf(AgentError);
    expect(failure).toMatchObject({ problem: 'no-answer' });
  });

  test('is an error where no agent listens', async () => {
    const failure = nextEvent({ socketPath: '/nonexistent/agent.sock', after: -1, waitMs: 0, clock });
    await expect(failure).rejects.toMatchObject({ problem: 'not-running' });
  });
});

/** Something that gives everybody the same bytes, or with none of them nothing at all. */
async function listening(answer: string) {
  const directory = temporaryDirectory();
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    if (answer !== '') socket.once('data', () => socket.end(answer));
  });
  const socketPath = join(directory.path, 'agent.sock');
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    socketPath,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      directory[Symbol.dispose]();
    },
  };
}
