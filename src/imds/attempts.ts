import pRetry from 'p-retry';
import type { SourceError, SourceErrorKind } from '../domain/errors.ts';
import { type Clock, pause, type Random } from '../domain/ports.ts';
import { SourceFailure } from './source-errors.ts';

/** Does the work, and again while it fails with something that the table below calls worth another try. */
export type Attempt = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

interface RetryRule {
  /** How often the request may be repeated within one check; the setting `attempts` can only lower it. */
  readonly retries: number;
  /** The least that the first pause takes, in ms. Each further one begins at twice the one before. */
  readonly pauseMs: number;
  /** Of this kind, only these. */
  readonly only?: (error: SourceError) => boolean;
}

const NEVER: RetryRule = { retries: 0, pauseMs: 0 };
const SHORTLY: RetryRule = { retries: Number.POSITIVE_INFINITY, pauseMs: 100 };

/**
 * What a request is repeated for within one check. Everything else is an answer, which the next check asks for again:
 * a second or more later, by the lifecycle's own backoff.
 */
export const RETRY_TABLE: Readonly<Record<SourceErrorKind, RetryRule>> = {
  throttled: SHORTLY,
  timeout: SHORTLY,
  'unexpected-status': { ...SHORTLY, only: ({ status = 0 }) => status >= 500 },
  // Each one costs the full request timeout, and a hop limit that is too low stays so.
  'token-unanswered': { retries: 1, pauseMs: 100 },
  // A refused connection is refused again within milliseconds; a black hole has cost its timeout, for each candidate.
  unreachable: NEVER,
  'imds-disabled': NEVER,
  'no-role': NEVER,
  'role-mismatch': NEVER,
  'role-changed': NEVER,
  'token-refused': NEVER,
  'service-error': NEVER,
  'expired-document': NEVER,
  malformed: NEVER,
};

const LONGEST_PAUSE_MS = 400;

export interface AttemptsOptions {
  /** At most this many tries per request, the first one included. */
  readonly attempts: number;
  readonly clock: Clock;
  readonly random: Random;
}

export function createAttempt(options: AttemptsOptions): Attempt {
  const { attempts, clock, random } = options;
  return (work, signal) =>
    pRetry(work, {
      retries: attempts - 1,
      minTimeout: 0, // p-retry waits by the ambient clock, so the pause is made here
      async shouldRetry({ error, attemptNumber }) {
        if (!(error instanceof SourceFailure)) return false;
        const { retries, pauseMs, only } = RETRY_TABLE[error.error.kind];
        if (attemptNumber > retries || only?.(error.error) === false) return false;
        await pause(clock, pauseBefore(attemptNumber, pauseMs, random), signal);
        return !signal.aborted;
      },
    });
}

/** For what may fail without harm: one try. */
export const once: Attempt = (work) => work();

/** 100–200 ms, then 200–400 ms: long enough for IMDS to recover from a burst, short enough for a waiting reader. */
function pauseBefore(retry: number, pauseMs: number, random: Random): number {
  return Math.min(LONGEST_PAUSE_MS, pauseMs * 2 ** (retry - 1) * (1 + random()));
}
