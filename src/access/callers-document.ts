import { formatTimestamp } from '../domain/timestamps.ts';
import type { CallerEntry } from './caller-book.ts';

/** `/v1/callers`, version 1: who has asked in the last hour. Counts are since `first_seen`. No secret has a place in it. */
export interface CallersDocument {
  readonly callers: readonly CallerRow[];
}

export interface CallerRow {
  readonly user?: string;
  /** Missing: the kernel did not say. */
  readonly uid?: number;
  readonly exe?: string;
  readonly unit?: string;
  readonly surface?: string;
  readonly user_agent?: string;
  readonly requests: number;
  readonly denied: number;
  /** Of the requests, those made as only IMDSv1 does. */
  readonly tokenless: number;
  readonly last_verdict: string;
  readonly first_seen: string;
  readonly last_seen: string;
  /** Several callers added up: of this user, or without `uid` of all. */
  readonly others?: true;
}

/** Those that ask as only IMDSv1 does come first, then the ones that ask most. */
export function callersDocument(
  entries: readonly CallerEntry[],
  userName: (uid: number) => string | undefined,
): CallersDocument {
  const sorted = entries.toSorted(
    (a, b) => Number(b.tokenless > 0) - Number(a.tokenless > 0) || b.requests - a.requests,
  );
  const names = new Map(
    [...new Set(entries.flatMap(({ uid }) => uid ?? []))].map((uid) => [uid, userName(uid)]),
  );
  return { callers: sorted.map((entry) => rowOf(entry, names)) };
}

function rowOf(entry: CallerEntry, names: ReadonlyMap<number, string | undefined>): CallerRow {
  const { uid, exe, unit, surface, userAgent, requests, denied, tokenless, isOthers } = entry;
  const user = uid === undefined ? undefined : names.get(uid);
  return {
    ...(user !== undefined && { user }),
    ...(uid !== undefined && { uid }),
    ...(exe !== undefined && { exe }),
    ...(unit !== undefined && unit !== '' && { unit }),
    ...(surface !== undefined && { surface }),
    ...(userAgent !== undefined && { user_agent: userAgent }),
    requests,
    denied,
    tokenless,
    last_verdict: entry.lastVerdict,
    first_seen: formatTimestamp(entry.firstSeen),
    last_seen: formatTimestamp(entry.lastSeen),
    ...(isOthers && { others: true }),
  };
}
