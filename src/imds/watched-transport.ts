import type { CheckFacts } from '../domain/errors.ts';
import type { Clock, EpochMs, Log } from '../domain/ports.ts';
import { type Transport, TransportError } from './transport.ts';

export interface WatchedTransport {
  readonly transport: Transport;
  /** Forgets what was seen: a check begins. */
  begin(): void;
  /** What was seen since then. */
  facts(): CheckFacts;
}

/** RFC 9110's preferred form, the only one IMDS uses. `Date.parse` alone takes almost anything for a date. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * The same transport, noting on the way by what `CheckFacts` are known. `clock` is what credentials live by,
 * `networkClock` what requests are timed by.
 */
export function watchedTransport(
  transport: Transport,
  clocks: { readonly clock: Clock; readonly networkClock: Clock },
  log: Log,
): WatchedTransport {
  const { clock, networkClock } = clocks;
  let firstSent: number | undefined;
  let lastReceived: number | undefined;
  let skewMs: number | undefined;

  return {
    begin() {
      firstSent = undefined;
      lastReceived = undefined;
      skewMs = undefined;
    },
    facts() {
      const ended = lastReceived ?? networkClock.monotonic();
      return { skewMs, latencyMs: ended - (firstSent ?? ended), at: clock.now() };
    },
    async transport(request) {
      const { method, path } = request;
      const sent = networkClock.monotonic();
      firstSent ??= sent;
      try {
        const answer = await transport(request);
        lastReceived = networkClock.monotonic();
        skewMs = skewOf(answer.date, clock.now()) ?? skewMs;
        log.debug('IMDS answered', { method, path, status: answer.status, ms: lastReceived - sent });
        return answer;
      } catch (error) {
        const reason = error instanceof TransportError ? error.message : 'unforeseen';
        log.debug('IMDS did not answer', { method, path, reason, ms: networkClock.monotonic() - sent });
        throw error;
      }
    },
  };
}

function skewOf(date: string | undefined, now: EpochMs): number | undefined {
  if (date === undefined || !HTTP_DATE.test(date)) return undefined;
  const instant = Date.parse(date);
  return Number.isNaN(instant) ? undefined : instant - now;
}
