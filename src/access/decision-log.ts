import type { Asked } from '../domain/access-gate.ts';
import { boundedMap } from '../domain/bounded-map.ts';
import type { Caller, SurfaceName } from '../domain/caller.ts';
import type { Clock, Log } from '../domain/ports.ts';
import { fullBucket, takeToken } from '../domain/token-bucket.ts';
import { callerKeys } from './caller-keys.ts';

/** One line for each change of what a caller gets, however often it asks. */
export interface DecisionLog {
  note(surface: SurfaceName, caller: Caller, asked: Asked): void;
}

export interface DecisionLogParts {
  readonly log: Log;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly userName: (uid: number) => string | undefined;
  /** Of the credentials that are served, the last four characters. */
  readonly keyIdTail: () => string | undefined;
}

/** A caller that goes to and fro between two verdicts is told of each only so often. */
const SAME_AGAIN_MS = 10 * 60_000;
const MOST_CALLERS = 1_024;
/** Of new callers there can be any number: beyond this many lines they are only counted. */
const MOST_LINES = { atOnce: 100, perSecond: 1 };

interface Told {
  last: string | undefined;
  readonly at: Map<string, number>;
}

export function createDecisionLog({ log, clock, userName, keyIdTail }: DecisionLogParts): DecisionLog {
  const callers = boundedMap<Told>(MOST_CALLERS);
  const lines = fullBucket(MOST_LINES, clock.monotonic());
  let untold = 0;

  return {
    note(surface, caller, { verdict, userAgent }) {
      const keys = callerKeys(surface, caller, userAgent);
      const told = callers.use(keys.caller, () => ({ last: undefined, at: new Map() }));
      if (told.last === verdict) return;
      const { uid, exe, unit } = caller;
      told.last = verdict;
      const now = clock.monotonic();
      if (now - (told.at.get(verdict) ?? Number.NEGATIVE_INFINITY) < SAME_AGAIN_MS) return;
      told.at.set(verdict, now);
      if (!takeToken(lines, now, MOST_LINES)) {
        untold += 1;
        return;
      }
      const isAllowed = verdict === 'allowed';
      const fields = {
        surface,
        verdict,
        user: uid === undefined ? undefined : userName(uid),
        uid,
        pid: caller.pid,
        exe,
        unit: unit === '' ? undefined : unit,
        user_agent: keys.shownAgent,
        key_id: isAllowed ? keyIdTail() : undefined,
        not_told: untold > 0 ? untold : undefined,
      };
      untold = 0;
      if (isAllowed) log.info('Access allowed', fields);
      else log.warn('Access denied: see rolekeeper callers, and rolekeeper access test', fields);
    },
  };
}
