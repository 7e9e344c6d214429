import { type Clock, pause } from '../domain/ports.ts';
import { http } from '../platform/http.ts';
import { TOKEN_TTL_HEADER } from './transport.ts';

export interface ReachOptions {
  /** `http://HOST[:PORT]`, tried in this order. */
  readonly origins: readonly string[];
  readonly attempts: number;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  /** Gives it up. */
  readonly stop: AbortSignal;
}

const BETWEEN_ATTEMPTS_MS = 250;

/**
 * Whether IMDS answers: any HTTP answer to the first request of IMDSv2 will do, because then the way is open. Undefined:
 * it does, else why not, for each origin. The answer itself, a token, is not looked at.
 *
 * Not by the transport, which wants its answer whole.
 */
export async function reachImds(options: ReachOptions): Promise<string | undefined> {
  const { origins, attempts, clock, stop } = options;
  let failures: string[] = [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    failures = [];
    for (const origin of origins) {
      if (stop.aborted) return 'stopped before IMDS had answered';
      const failure = await ask(origin, options);
      if (failure === undefined) return undefined;
      failures.push(`${origin}: ${failure}`);
    }
    if (attempt < attempts) await pause(clock, BETWEEN_ATTEMPTS_MS, stop);
  }
  return failures.join('; ');
}

function ask(origin: string, { requestTimeoutMs, clock, stop }: ReachOptions): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const request = http.request(`${origin}/latest/api/token`, {
    method: 'PUT',
    agent: false,
    headers: { [TOKEN_TTL_HEADER]: '1', 'Content-Length': '0' },
  });
  const giveUp = () => request.destroy(new Error('stopped'));
  const cancel = clock.setTimer(requestTimeoutMs, () => {
    request.destroy(new Error(`no answer within ${requestTimeoutMs} ms`));
  });
  request.on('response', (response) => {
    response.on('error', () => {});
    settle(undefined);
    request.destroy();
  });
  request.on('error', ({ code, message }: NodeJS.ErrnoException) => settle(code ?? message));
  request.on('close', () => settle('the connection ended without an answer'));
  stop.addEventListener('abort', giveUp, { once: true });
  request.end();
  return promise;

  function settle(failure: string | undefined): void {
    cancel();
    stop.removeEventListener('abort', giveUp);
    resolve(failure);
  }
}
