import type { CheckCounts, CheckResult } from '../domain/check-counts.ts';
import { sameSet } from '../domain/credentials.ts';
import type { Held } from '../domain/life-state.ts';
import type { Clock, EpochMs } from '../domain/ports.ts';
import type { Change } from './credential-store.ts';

export interface CheckTally {
  /** To be told of every change of the store. */
  note(change: Pick<Change, 'before' | 'after'>): void;
  read(): CheckCounts;
}

/** Two requests to IMDS take a few milliseconds; a check is given up after seconds. */
const BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, Number.POSITIVE_INFINITY];

/** Counts checks by their results. Plain counters: what is told of them is made when somebody asks. */
export function createCheckTally({ now }: Pick<Clock, 'now'>): CheckTally {
  const results = noResults();
  const buckets = BOUNDS_MS.map((boundMs) => ({ boundMs, count: 0 }));
  let sumMs = 0;
  let lastSuccessAt: EpochMs | undefined;
  let heldSince: EpochMs | undefined;

  return {
    note({ before, after }) {
      if (!isSameSet(before.held, after.held)) heldSince = after.held && now();
      const { lastCheck, trouble } = after;
      if (lastCheck === undefined || lastCheck === before.lastCheck) return;
      results[trouble?.kind ?? 'ok'] += 1;
      if (trouble === undefined) lastSuccessAt = lastCheck.at;
      sumMs += lastCheck.latencyMs;
      const bucket = buckets.find(({ boundMs }) => lastCheck.latencyMs <= boundMs);
      if (bucket !== undefined) bucket.count += 1;
    },
    read: () => ({
      results: { ...results },
      latency: { sumMs, buckets: buckets.map((bucket) => ({ ...bucket })) },
      lastSuccessAt,
      heldSince,
    }),
  };
}

/** A set that is only told with another expiration, or with its account at last, is the same one. */
function isSameSet(a: Held | undefined, b: Held | undefined): boolean {
  return a !== undefined && b !== undefined && sameSet(a.credentials, b.credentials);
}

function noResults(): Record<CheckResult, number> {
  return {
    ok: 0,
    'no-role': 0,
    'role-mismatch': 0,
    'role-changed': 0,
    'imds-disabled': 0,
    unreachable: 0,
    'token-unanswered': 0,
    timeout: 0,
    throttled: 0,
    'token-refused': 0,
    'service-error': 0,
    'expired-document': 0,
    'unexpected-status': 0,
    malformed: 0,
  };
}
