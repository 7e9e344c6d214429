import type { Asked } from '../domain/access-gate.ts';
import { type BoundedMap, boundedMap } from '../domain/bounded-map.ts';
import type { Caller, SurfaceName } from '../domain/caller.ts';
import type { Clock, EpochMs } from '../domain/ports.ts';
import { callerKeys } from './caller-keys.ts';

/** Requests of one kind by one kind of caller. */
export interface CallerEntry {
  readonly uid: number | undefined;
  /** Undefined where entries were added up because there were too many. */
  readonly surface: SurfaceName | undefined;
  readonly exe: string | undefined;
  readonly unit: string | undefined;
  readonly userAgent: string | undefined;
  /** Several callers added up: of one user, or of all where `uid` is undefined. */
  readonly isOthers: boolean;
  requests: number;
  denied: number;
  /** Of the requests, those made as only IMDSv1 does. */
  tokenless: number;
  lastVerdict: string;
  firstSeen: EpochMs;
  lastSeen: EpochMs;
  /** By the monotonic clock. */
  lastAt: number;
}

/** Who has asked, and how often: every request is in exactly one entry, however many callers there are. */
export interface CallerBook {
  record(surface: SurfaceName, caller: Caller, asked: Asked): void;
  /** Those of the last hour. */
  recent(): readonly CallerEntry[];
}

const HOUR_MS = 3_600_000;
const MOST_USERS = 128;
/** Of one user. A program that makes up user agents pushes out its own user's entries, and nobody else's. */
const MOST_ENTRIES = 32;

interface UserPage {
  readonly entries: BoundedMap<CallerEntry>;
  others: CallerEntry | undefined;
}

export function createCallerBook({ now, monotonic }: Pick<Clock, 'now' | 'monotonic'>): CallerBook {
  let others: CallerEntry | undefined;
  const pages = boundedMap<UserPage>(MOST_USERS, (page) => {
    for (const entry of entriesOf(page)) others = added(others, undefined, entry);
  });

  return {
    record(surface, caller, { verdict, userAgent, isTokenless = false }) {
      const { user, program, shownAgent } = callerKeys(surface, caller, userAgent);
      const page = pages.use(user, () => newPage(caller.uid));
      const entry = page.entries.use(program, () => {
        const { uid, exe, unit } = caller;
        return {
          ...{ uid, surface, exe, unit, userAgent: shownAgent, isOthers: false },
          ...{ requests: 0, denied: 0, tokenless: 0, lastVerdict: verdict },
          ...{ firstSeen: now(), lastSeen: now(), lastAt: monotonic() },
        };
      });
      entry.requests += 1;
      if (verdict !== 'allowed') entry.denied += 1;
      if (isTokenless) entry.tokenless += 1;
      entry.lastVerdict = verdict;
      entry.lastSeen = now();
      entry.lastAt = monotonic();
    },
    recent() {
      const since = monotonic() - HOUR_MS;
      const all = [...pages.values()].flatMap(entriesOf);
      return [...all, ...(others === undefined ? [] : [others])].filter(({ lastAt }) => lastAt >= since);
    },
  };
}

function newPage(uid: number | undefined): UserPage {
  const page: UserPage = {
    others: undefined,
    entries: boundedMap(MOST_ENTRIES, (entry) => {
      page.others = added(page.others, uid, entry);
    }),
  };
  return page;
}

function entriesOf({ entries, others }: UserPage): CallerEntry[] {
  return [...entries.values(), ...(others === undefined ? [] : [others])];
}

function added(sum: CallerEntry | undefined, uid: number | undefined, entry: CallerEntry): CallerEntry {
  const nobody = { surface: undefined, exe: undefined, unit: undefined, userAgent: undefined };
  if (sum === undefined) return { ...entry, ...nobody, uid, isOthers: true };
  const later = entry.lastAt >= sum.lastAt ? entry : sum;
  return {
    ...sum,
    requests: sum.requests + entry.requests,
    denied: sum.denied + entry.denied,
    tokenless: sum.tokenless + entry.tokenless,
    firstSeen: Math.min(sum.firstSeen, entry.firstSeen),
    lastVerdict: later.lastVerdict,
    lastSeen: later.lastSeen,
    lastAt: later.lastAt,
  };
}
