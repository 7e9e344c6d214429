import type { IncomingMessage } from 'node:http';
import type { HttpRefusal } from './reply.ts';

export interface Poll {
  readonly mode: 'poll';
  /** The generation that the consumer knows. */
  readonly after: number | undefined;
  readonly waitMs: number;
}

export interface Stream {
  readonly mode: 'stream';
  /** The generation that the consumer was told last, on an earlier connection. */
  readonly lastEventId: number | undefined;
}

export interface QueryProblem {
  readonly problem: HttpRefusal;
}

/** Below the minute after which common HTTP clients and balancers give up an idle answer. */
const LONGEST_WAIT_SECONDS = 55;

/** What the consumer asks for. With `after` or `wait` it polls; a longer `wait` than is served counts as the longest. */
export function readEventsQuery(request: IncomingMessage): Poll | Stream | QueryProblem {
  const target = request.url ?? '';
  const start = target.indexOf('?');
  const query = new URLSearchParams(start === -1 ? '' : target.slice(start));
  const after = onlyNumber(query, 'after');
  const wait = onlyNumber(query, 'wait');
  if (after === 'bad' || wait === 'bad') {
    const message =
      'after (a generation, or -1 for any) and wait (seconds) must be whole numbers, each given once at most.';
    return { problem: { status: 400, code: 'bad-query', message } };
  }
  if (after !== undefined || wait !== undefined) {
    return { mode: 'poll', after, waitMs: Math.min(Math.max(wait ?? 0, 0), LONGEST_WAIT_SECONDS) * 1000 };
  }
  const sent = request.headers['last-event-id'];
  const lastEventId = typeof sent === 'string' && /^\d{1,15}$/.test(sent) ? Number(sent) : undefined;
  return { mode: 'stream', lastEventId };
}

function onlyNumber(query: URLSearchParams, name: string): number | undefined | 'bad' {
  const [value, ...more] = query.getAll(name);
  if (value === undefined) return undefined;
  return more.length === 0 && /^(-1|\d{1,15})$/.test(value) ? Number(value) : 'bad';
}
