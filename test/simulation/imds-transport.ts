import {
  type Transport,
  type TransportAnswer,
  TransportError,
  type TransportRequest,
} from '../../src/imds/transport.ts';
import type { ImdsAnswer, SimulatedImds } from './imds.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What the simulation wants to know of every exchange. */
export interface ExchangeWatch {
  sent(request: TransportRequest): void;
  /** The answer reaches the agent at this moment; undefined where none does (deadline, break, given up). */
  over(request: TransportRequest, answer: ImdsAnswer | undefined): void;
}

const CONNECT_TIMEOUT_MS = 1_000;
const REQUEST_TIMEOUT_MS = 2_000;

/** The agent's transport for one run of it: exchanges with the simulated IMDS, in virtual time, deadlines included. */
export function simulatedTransport(
  run: object,
  imds: SimulatedImds,
  time: VirtualTime,
  watch: ExchangeWatch,
): Transport {
  return (request) => {
    const { promise, resolve, reject } = Promise.withResolvers<TransportAnswer>();
    const { signal } = request;
    if (signal.aborted) return Promise.reject(new TransportError('cancelled', 'given up'));
    watch.sent(request);
    const answer = imds.answer(request);
    const cancel = time.setTimer(run, durationOf(answer), finish);
    signal.addEventListener('abort', giveUp, { once: true });
    return promise;

    function finish(): void {
      signal.removeEventListener('abort', giveUp);
      const error = failureOf(answer);
      watch.over(request, error === undefined ? answer : undefined);
      if (error !== undefined) reject(error);
      else resolve(wireAnswer(answer, time));
    }

    function giveUp(): void {
      cancel();
      watch.over(request, undefined);
      reject(new TransportError('cancelled', 'given up'));
    }
  };
}

function durationOf({ afterMs }: ImdsAnswer): number {
  if (afterMs === 'no-connection') return CONNECT_TIMEOUT_MS;
  return afterMs === 'never' ? REQUEST_TIMEOUT_MS : Math.min(afterMs, REQUEST_TIMEOUT_MS);
}

/** As `src/imds/http-transport.ts` calls them: the deadline finds a request unanswered, or an answer half read. */
function failureOf({ afterMs, failure }: ImdsAnswer): TransportError | undefined {
  if (afterMs === 'no-connection') {
    return new TransportError('unreachable', `no connection within ${CONNECT_TIMEOUT_MS} ms`);
  }
  if (afterMs === 'never' || afterMs > REQUEST_TIMEOUT_MS) {
    return new TransportError('unanswered', `no whole answer within ${REQUEST_TIMEOUT_MS} ms`);
  }
  return failure === undefined ? undefined : new TransportError(failure, 'EXAMPLE');
}

function wireAnswer({ status, body, grantedTtl }: ImdsAnswer, time: VirtualTime): TransportAnswer {
  return { status, body, grantedTtl, date: time.httpDate() };
}
