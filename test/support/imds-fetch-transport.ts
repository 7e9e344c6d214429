import {
  TOKEN_TTL_HEADER,
  type Transport,
  type TransportAnswer,
  TransportError,
  type TransportFailure,
} from '../../src/imds/transport.ts';

/**
 * Where the IMDS of the unit tests is: nowhere. MSW answers in its place, and refuses what no handler takes
 * (`onUnhandledFrame: 'error'`). Should a request slip past it all the same, it ends at this machine's own loopback,
 * at a port where nothing listens.
 */
export const IMDS_ORIGIN = 'http://127.0.0.1:2';

const FAILURE_HEADER = 'x-test-transport-failure';

/** A transport over the global `fetch`, which is what MSW intercepts. */
export function fetchTransport(origin: string): Transport {
  return async ({ method, path, headers, signal }) => {
    const response = await send(`${origin}${path}`, { method, headers, signal, redirect: 'manual' });
    const failure = response.headers.get(FAILURE_HEADER);
    if (failure !== null)
      throw new TransportError(failure as TransportFailure, `${origin}: as the test said`);
    return {
      status: response.status,
      body: await response.text(),
      date: response.headers.get('date') ?? undefined,
      grantedTtl: response.headers.get(TOKEN_TTL_HEADER) ?? undefined,
    } satisfies TransportAnswer;

    async function send(url: string, init: RequestInit): Promise<Response> {
      try {
        return await fetch(url, init);
      } catch {
        throw new TransportError(signal.aborted ? 'cancelled' : 'unreachable', `${origin}: fetch failed`);
      }
    }
  };
}

/** What a handler answers so that the transport fails in this way. */
export function transportFails(failure: TransportFailure): Response {
  return new Response(null, { headers: { [FAILURE_HEADER]: failure } });
}
