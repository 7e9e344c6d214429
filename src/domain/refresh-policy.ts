/**
 * When a set is fresh, when it is due, how long to wait before IMDS is asked again. Pure functions of `now`: every
 * decision about time in rolekeeper is one of these, so that a test can stand at any instant.
 */
import type { Credentials } from './credentials.ts';
import type { Clock, EpochMs, Random } from './ports.ts';

/** Where a set is in its life. `absent`: no role is attached. `pending`: nothing was fetched yet. */
export type Phase = 'absent' | 'pending' | 'fresh' | 'advisory' | 'mandatory' | 'expired';

/** Under this much life left some client re-reads on every use (s3fs: 20 minutes; boto3: 15), so a newer set is welcome. */
export const ADVISORY_WINDOW_MS = 20 * 60_000;

/** EC2 publishes the next set no later than this before the old one expires; the same set again is now an alarm. */
export const MANDATORY_WINDOW_MS = 5 * 60_000;

/** How the refresher is paced. All in milliseconds. */
export interface Pace {
  /** Between two checks while all is well: what a rotated, replaced or detached role waits at most. */
  readonly checkIntervalMs: number;
}

/** How often IMDS is asked when what we hold is about to end, or is of no use already. */
const URGENT_INTERVAL_MS = 15_000;
/** Without a role: seldom enough for IMDS, often enough that an attached role is served within 15 s. */
const ABSENT_INTERVAL_MS = 12_000;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;
const INTERVAL_JITTER = 0.1;

/** No wait is longer than this without comparing the two clocks: timers stand still in a suspend, credentials do not. */
export const LONGEST_WAIT_MS = 30_000;
/** More than this between wall clock and monotonic time over one wait is a step or a suspend, not a late timer. */
const JUMP_MS = 2_000;

export function phaseOf(credentials: Credentials, now: EpochMs): Exclude<Phase, 'absent' | 'pending'> {
  const remaining = credentials.expiration - now;
  if (remaining <= 0) return 'expired';
  if (remaining < MANDATORY_WINDOW_MS) return 'mandatory';
  return remaining < ADVISORY_WINDOW_MS ? 'advisory' : 'fresh';
}

/** What the delay before the next check depends on. */
export interface Situation {
  readonly phase: Phase;
  /** Checks that failed since the last one that did not. */
  readonly failures: number;
  /** Checks in a row that found no role. */
  readonly rolelessChecks: number;
}

/** Milliseconds from the end of one check to the start of the next. */
export function delayBeforeNextCheck(situation: Situation, pace: Pace, random: Random): number {
  const { phase, failures, rolelessChecks } = situation;
  const losingRole = rolelessChecks > 0 && phase !== 'absent';
  const pressing = losingRole || (phase !== 'fresh' && phase !== 'advisory');
  const usual = pressing ? Math.min(URGENT_INTERVAL_MS, pace.checkIntervalMs) : pace.checkIntervalMs;
  if (failures === 0 || losingRole) return usual * (1 + INTERVAL_JITTER * (2 * random() - 1));
  const longest = phase === 'absent' ? ABSENT_INTERVAL_MS : LONGEST_BACKOFF_MS;
  return backoff(failures, Math.min(longest, usual), random);
}

/** Doubles from one second to `longest`; between half of that and all of it, so that a fleet does not move in step. */
function backoff(failures: number, longest: number, random: Random): number {
  const full = Math.min(longest, FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 30));
  return full * (1 - random() / 2);
}

/** Both clocks, read at one moment. */
export interface ClockReading {
  readonly wall: EpochMs;
  readonly monotonic: number;
}

export function readClock(clock: Clock): ClockReading {
  return { wall: clock.now(), monotonic: clock.monotonic() };
}

/**
 * The instant to judge a set by: the later of what the two clocks say has passed since IMDS last confirmed the set.
 * A wall clock that is stepped back must not make an expired set look alive again.
 */
export function soundNow(confirmed: ClockReading, reading: ClockReading): EpochMs {
  return Math.max(reading.wall, confirmed.wall + reading.monotonic - confirmed.monotonic);
}

/** How far the wall clock ran away from monotonic time between two readings, in ms; 0 where that is only a late timer. */
export function clockJump(before: ClockReading, after: ClockReading): number {
  const jump = after.wall - before.wall - (after.monotonic - before.monotonic);
  return Math.abs(jump) > JUMP_MS ? jump : 0;
}
