import { type Clock, pause } from '../domain/ports.ts';
import type { Transport } from './transport.ts';

/** DESIGN §3: never more than this in any second, whatever happens. IMDS throttles the instance as a whole. */
export const MOST_REQUESTS_PER_SECOND = 10;
const SECOND_MS = 1_000;

/** The same transport, where a request waits until there were fewer than the limit in the second before it. */
export function limitedRate(transport: Transport, clock: Clock): Transport {
  /** When the latest requests were let through, oldest first; up to one waiting request each may lie ahead. */
  const starts: number[] = [];

  return async (request) => {
    const now = clock.monotonic();
    const tenthLast = starts.length < MOST_REQUESTS_PER_SECOND ? -Infinity : (starts.shift() ?? -Infinity);
    const start = Math.max(now, tenthLast + SECOND_MS);
    starts.push(start);
    if (start > now) await pause(clock, start - now, request.signal);
    return transport(request);
  };
}
