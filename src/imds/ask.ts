import type { Attempt } from './attempts.ts';
import { badStatus, transportFailed } from './source-errors.ts';
import { type Transport, type TransportAnswer, TransportError, type TransportRequest } from './transport.ts';

/**
 * Asks IMDS one thing, again where the retry table says so. Resolves with a 200, or with one of the statuses that the
 * caller knows what to do with. Whatever else happens is a SourceFailure.
 */
export type Ask = (request: TransportRequest, known?: readonly number[]) => Promise<TransportAnswer>;

export function createAsk(transport: Transport, attempt: Attempt): Ask {
  return (request, known) =>
    attempt(async () => {
      const answer = await transport(request).catch((error: unknown) => {
        throw error instanceof TransportError ? transportFailed(request, error) : error;
      });
      if (answer.status !== 200 && !known?.includes(answer.status)) throw badStatus(request, answer.status);
      return answer;
    }, request.signal);
}
