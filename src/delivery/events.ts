import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LifeState } from '../domain/life-state.ts';
import type { Clock } from '../domain/ports.ts';
import { readClock } from '../domain/refresh-policy.ts';
import { createEventStream, EVENT_STREAM_TYPE, type EventStream } from './event-stream.ts';
import { type Poll, readEventsQuery } from './events-query.ts';
import { JSON_TYPE, jsonRefusal, send } from './reply.ts';
import { isSameEvent, type StateEvent, stateEvent } from './state-event.ts';

export interface EventsParts {
  readonly state: () => LifeState;
  /** Calls at every change of state and at every expiration; returns the way to stop that. */
  readonly subscribe: (listener: () => void) => () => void;
  /** What credentials live by. */
  readonly clock: Clock;
  /** What heartbeats and long polls run by. */
  readonly networkClock: Clock;
  /** Streams and long polls that are served at the same time. */
  readonly maxConsumers?: number;
}

export interface Events {
  /** Answers `GET /v1/events`, after the guards. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** Ends every stream and answers every long poll, at once. */
  close(): void;
}

const HEARTBEAT_MS = 15_000;
const MAX_CONSUMERS = 256;
const RETRY_AFTER_SECONDS = '5';

/**
 * `/v1/events`: the agent's state at once and then every change of it, so that consumers need not ask again and again.
 *
 * - Without a query, as server-sent events: `id` is the generation, `event` is `credentials`, `withdrawn` or
 *   `expired`, `data` a `StateEvent`. A consumer that reconnects with `Last-Event-ID` is not told again what it knows.
 * - `?after=GENERATION&wait=SECONDS`: one `StateEvent` as JSON, as soon as the generation is another than `after` or
 *   anything else changes, and after `wait` seconds (55 at most) at the latest, then with the state unchanged.
 */
export function createEvents(parts: EventsParts): Events {
  const { networkClock, maxConsumers = MAX_CONSUMERS } = parts;
  const streams = new Set<EventStream>();
  const polls = new Set<() => void>();
  let latest = current();
  /** The latest event is not the first of its generation: `Last-Event-ID` cannot tell which one a consumer has seen. */
  let isGenerationAmbiguous = false;
  let isClosed = false;
  let stopBeating: (() => void) | undefined;
  const unsubscribe = parts.subscribe(onChange);

  return {
    answer(request, response) {
      const query = readEventsQuery(request);
      if ('problem' in query) send(response, jsonRefusal(query.problem));
      else if (query.mode === 'poll' && isNews(query)) sendCurrent(response);
      else if (isClosed || streams.size + polls.size >= maxConsumers) refuse(response);
      else if (query.mode === 'poll') hold(response, query.waitMs);
      else if (request.method === 'HEAD') send(response, { status: 200, type: EVENT_STREAM_TYPE, body: '' });
      else openStream(response, query.lastEventId);
    },
    close() {
      isClosed = true;
      unsubscribe();
      stopBeating?.();
      for (const stream of [...streams]) stream.end();
      for (const finish of [...polls]) finish();
    },
  };

  function current(): StateEvent {
    return stateEvent(parts.state(), readClock(parts.clock));
  }

  function onChange(): void {
    const next = current();
    if (isSameEvent(latest, next)) return;
    isGenerationAmbiguous = next.generation === latest.generation;
    latest = next;
    for (const stream of streams) stream.offer(next);
    for (const finish of [...polls]) finish();
  }

  function openStream(response: ServerResponse, lastEventId: number | undefined): void {
    const now = current();
    const isKnown = lastEventId === now.generation && now.event === 'credentials' && !isGenerationAmbiguous;
    const stream = createEventStream(response, isKnown ? now : undefined);
    streams.add(stream);
    response.once('close', () => {
      streams.delete(stream);
      if (streams.size === 0) stopBeating?.();
    });
    if (streams.size === 1) beatLater();
    stream.offer(now);
  }

  /** One timer for all streams, while there are any. */
  function beatLater(): void {
    stopBeating = networkClock.setTimer(HEARTBEAT_MS, () => {
      for (const stream of [...streams]) stream.beat();
      beatLater();
    });
  }

  function isNews({ after, waitMs }: Poll): boolean {
    return after !== current().generation || waitMs === 0 || isClosed;
  }

  function hold(response: ServerResponse, waitMs: number): void {
    const cancel = networkClock.setTimer(waitMs, finish);
    polls.add(finish);
    response.once('close', leave);

    function finish(): void {
      leave();
      sendCurrent(response);
    }

    function leave(): void {
      cancel();
      polls.delete(finish);
    }
  }

  function sendCurrent(response: ServerResponse): void {
    send(response, {
      status: 200,
      type: JSON_TYPE,
      body: `${JSON.stringify(current())}\n`,
      ...(isClosed && { headers: { Connection: 'close' } }),
    });
  }

  function refuse(response: ServerResponse): void {
    const headers = { 'Retry-After': RETRY_AFTER_SECONDS, Connection: 'close' };
    const [code, message] = isClosed
      ? ['stopping', 'The agent is stopping: come back when it has started again.']
      : [
          'too-many-consumers',
          `There are ${maxConsumers} streams and long polls already: ask /v1/status now and then instead.`,
        ];
    send(response, jsonRefusal({ status: 503, code, message, headers }));
  }
}
