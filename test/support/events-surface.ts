import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createEvents, type Events } from '../../src/delivery/events.ts';
import { createHttpSurface } from '../../src/delivery/http-surface.ts';
import { containerJson, refusalJson } from '../../src/domain/wire-formats.ts';
import { type CredentialStore, createCredentialStore } from '../../src/lifecycle/credential-store.ts';
import { http } from '../../src/platform/http.ts';
import { temporaryDirectory } from './agent-process.ts';
import { type ManualClock, manualClock, settle } from './manual-clock.ts';

/** The agent socket's `/v1/events` and `/v1/credentials` over a real store, on clocks of the test's. */
export interface EventsSurface extends AsyncDisposable {
  readonly directory: string;
  readonly socketPath: string;
  /** What credentials live by. */
  readonly clock: ManualClock;
  /** What heartbeats and long polls run by. */
  readonly networkClock: ManualClock;
  readonly store: CredentialStore;
  readonly events: Events;
  /** The targets of all requests, in their order. */
  readonly requests: readonly string[];
  /** The surface's side of the last request. */
  answering(): ServerResponse;
  connections(): Promise<number>;
}

export const FIRST_GENERATION = 100;

export async function eventsSurface(options: { maxConsumers?: number; withEvents?: boolean } = {}) {
  const { withEvents = true, ...limits } = options;
  const directory = temporaryDirectory();
  const clock = manualClock('2026-11-23T08:00:00Z');
  const networkClock = manualClock();
  const store = createCredentialStore({
    clock,
    random: () => 0.5,
    stability: 'never',
    firstGeneration: FIRST_GENERATION,
    onListenerError: (error) => {
      throw error;
    },
  });
  const events = createEvents({
    state: store.state,
    subscribe: store.subscribe,
    clock,
    networkClock,
    ...limits,
  });
  const requests: string[] = [];
  let answering: ServerResponse | undefined;
  const server = createHttpSurface((request, response) => {
    response.on('error', () => {});
    answering = response;
    const target = request.url ?? '';
    requests.push(target);
    if (target.startsWith('/v1/events') && withEvents) return events.answer(request, response);
    const { held, refusal } = store.reader.read();
    const body = held === undefined ? refusalJson(refusal) : containerJson(held);
    const status = target !== '/v1/credentials' ? 404 : held === undefined ? 503 : 200;
    response.writeHead(status).end(body);
  });
  const socketPath = join(directory.path, 'agent.sock');
  server.listen(socketPath);
  await once(server, 'listening');
  const surface: EventsSurface = {
    directory: directory.path,
    socketPath,
    clock,
    networkClock,
    store,
    events,
    requests,
    answering() {
      if (answering === undefined) throw new Error('Nothing was asked yet');
      return answering;
    },
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      ),
    async [Symbol.asyncDispose]() {
      events.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      directory[Symbol.dispose]();
    },
  };
  return surface;
}

/** One event as it came over the wire. */
export interface Told {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export async function openStream({ socketPath }: EventsSurface, headers: OutgoingHttpHeaders = {}) {
  const request = http.get({ socketPath, path: '/v1/events', agent: false, headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  let read = 0;
  const ended = new Promise<void>((resolve) => {
    response.on('error', () => {});
    response.once('close', resolve);
  });
  response.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const next = async (): Promise<Told> => {
    for (;;) {
      const frame = /(?:^|\n\n)id: (.*)\nevent: (.*)\ndata: (.*)(?=\n\n)/g;
      frame.lastIndex = read;
      const found = frame.exec(text);
      if (found !== null) {
        read = frame.lastIndex;
        const [, id = '', event = '', data = ''] = found;
        return { id, event, data: JSON.parse(data) };
      }
      await once(response, 'data');
    }
  };
  return {
    response,
    ended,
    next,
    text: () => text,
    async says(pattern: RegExp): Promise<void> {
      while (!pattern.test(text)) await once(response, 'data');
    },
    /** All events up to the one that is asked for. */
    async until(isLast: (told: Told) => boolean): Promise<readonly Told[]> {
      const seen = [await next()];
      for (;;) {
        const last = seen.at(-1);
        if (last !== undefined && isLast(last)) return seen;
        seen.push(await next());
      }
    },
  };
}

export async function ask({ socketPath }: EventsSurface, path: string, { method = 'GET' } = {}) {
  const request = http.request({ socketPath, path, method, agent: false }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  return { response, text, json: () => JSON.parse(text) };
}

/** Resolves once so many timers of the surface wait: a long poll has arrived. */
export async function pollsHeld({ networkClock }: EventsSurface, timers = 1): Promise<void> {
  while (networkClock.pendingTimers() < timers) await settle();
}
