import type { Asked } from '../domain/access-gate.ts';
import type { Caller, SurfaceName } from '../domain/caller.ts';
import type { Clock, Log } from '../domain/ports.ts';
import { boundedMap } from './bounded-map.ts';
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
const MOST_LINES_AT_ONCE = 100;
const MOST_LINES_PER_SECOND = 1;

interface Told {
  last: string | undefined;
  readonly at: Map<string, number>;
}

export function createDecisionLog({ log, clock, userName, keyIdTail }: DecisionLogParts): DecisionLog {
  const callers = boundedMap<Told>(MOST_CALLERS);
  let lines = { left: MOST_LINES_AT_ONCE, at: clock.monotonic() };
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
      if (!takeLine(now)) {
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

  function takeLine(now: number): boolean {
    const refilled = lines.left + ((now - lines.at) / 1000) * MOST_LINES_PER_SECOND;
    const left = Math.min(MOST_LINES_AT_ONCE, refilled);
    lines = { left: left < 1 ? left : left - 1, at: now };
    return left >= 1;
  }
}
