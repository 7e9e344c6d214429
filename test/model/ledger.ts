/**
 * What consumers may and must be shown, by DESIGN and by nothing of `src`: the model's own account of what IMDS has
 * handed over, what the agent has to make of it, and what readers have seen. It is a value, and part of the state.
 */
import type { CheckOutcome } from '../../src/domain/errors.ts';
import type { StaticStability } from '../../src/domain/life-state.ts';
import { type Directory, type Instant, UPTIME_MS } from './machine.ts';
import { type ModelSet, setOfKey } from './sets.ts';
import { storedState } from './surfaces.ts';

/** When IMDS last confirmed a set, by the wall clock and by the monotonic one. */
export interface Confirmation {
  readonly wall: number;
  readonly at: number;
}

/** A set that a reader may be shown: no newer one was seen, and it was not withdrawn. */
export interface Entry {
  readonly set: ModelSet;
  /** The latest expiration that may be advertised for it. */
  readonly until: number;
  readonly confirmed: Confirmation;
}

/** What the running process has to serve while it lasts. */
export interface Must {
  readonly set: ModelSet;
  readonly advertised: { readonly least: number; readonly most: number };
  readonly confirmed: Confirmation;
}

export interface Seen {
  readonly generation: number;
  readonly heldGeneration: number;
  readonly heldText: string;
}

export interface Ledger {
  /** In the order in which IMDS handed them over; a reader who sees one has all before it taken off. */
  readonly may: readonly Entry[];
  readonly must: Must | undefined;
  readonly rolelessChecks: number;
  /** The process has taken in something since its start, so what is stored is its own. */
  readonly hasMoved: boolean;
  /** The disk was full since the agent last had a reason to write. */
  readonly diskExcused: boolean;
  /** The wall clock was stepped since the agent last looked. */
  readonly clockExcused: boolean;
  readonly seen: Seen;
}

export const NOTHING_YET: Ledger = {
  may: [],
  must: undefined,
  rolelessChecks: 0,
  hasMoved: false,
  diskExcused: false,
  clockExcused: false,
  seen: { generation: 0, heldGeneration: 0, heldText: '' },
};

/** DESIGN §3: consumers are told of 5 to 15 minutes more. The least is what is kept of an earlier extension: half of 5. */
const EXTENSION = { least: 150_000 - 1_000, most: 15 * 60_000 };
const CHECKS_UNTIL_DETACHED = 3;
/** The kernel tells the time since boot in steps of this. */
const UPTIME_STEP_MS = 10;

/** By the later of the two clocks. */
export function soundAt({ wall, at }: Confirmation, { now, offset }: Instant): number {
  return Math.max(now + offset, wall + now - at);
}

/** By the clock that nobody can step. */
export function sinceConfirmed({ wall, at }: Confirmation, now: number): number {
  return wall + now - at;
}

/** A check has ended and the process has done everything that follows. */
export function checkEnded(
  ledger: Ledger,
  outcome: CheckOutcome,
  instant: Instant,
  stability: StaticStability,
): Ledger {
  const looked = { ...ledger, hasMoved: true, clockExcused: false };
  if (!outcome.ok && (outcome.error.kind === 'no-role' || outcome.error.kind === 'role-mismatch')) {
    const rolelessChecks = ledger.rolelessChecks + 1;
    const isDetached = ledger.must !== undefined && rolelessChecks >= CHECKS_UNTIL_DETACHED;
    return isDetached
      ? { ...looked, rolelessChecks, may: [], must: undefined }
      : { ...looked, rolelessChecks };
  }
  const granted = grantedBy(ledger, outcome, instant, stability);
  if (granted === undefined) return { ...looked, rolelessChecks: 0 };
  const { set, advertised, confirmed } = granted;
  const entry = { set, until: advertised.most, confirmed };
  const may = [...ledger.may.filter((other) => other.set !== set), entry];
  return { ...looked, rolelessChecks: 0, may, must: granted };
}

/** The process was killed in the middle of taking in a check: either what it had or what it got may be shown after. */
export function checkCutShort(
  ledger: Ledger,
  outcome: CheckOutcome,
  instant: Instant,
  stability: StaticStability,
): Ledger {
  const granted = grantedBy(ledger, outcome, instant, stability);
  const ended = died(ledger);
  if (granted === undefined) return ended;
  const { set, advertised, confirmed } = granted;
  const before = ledger.may.find((entry) => entry.set === set);
  if (before === undefined) {
    return { ...ended, may: [...ledger.may, { set, until: advertised.most, confirmed }] };
  }
  const isEarlier = before.confirmed.wall - before.confirmed.at <= confirmed.wall - confirmed.at;
  const either = {
    set,
    until: Math.max(before.until, advertised.most),
    confirmed: isEarlier ? before.confirmed : confirmed,
  };
  return { ...ended, may: ledger.may.map((entry) => (entry === before ? either : entry)) };
}

/** A process was started: what is stored must be served while it has life by the wall clock and since boot. */
export function started(ledger: Ledger, { stored }: Directory, instant: Instant): Ledger {
  const fresh = { ...died(ledger), clockExcused: false };
  const found = stored === undefined ? undefined : storedState(stored);
  if (found === undefined || typeof found === 'string' || found.shown === undefined) return fresh;
  const { set, advertised } = found.shown;
  const life = Math.min(
    advertised - instant.now - instant.offset,
    found.serveUntil - UPTIME_MS - instant.now - UPTIME_STEP_MS,
  );
  if (life <= 0) return fresh;
  const confirmed = { wall: advertised - life, at: instant.now };
  const must = { set, advertised: { least: advertised, most: advertised }, confirmed };
  return { ...fresh, hasMoved: true, must };
}

export function died(ledger: Ledger): Ledger {
  return { ...ledger, must: undefined, rolelessChecks: 0, hasMoved: false };
}

/** What the check allows to be shown anew; undefined where it changes nothing. */
function grantedBy(
  { must }: Ledger,
  outcome: CheckOutcome,
  instant: Instant,
  stability: StaticStability,
): Must | undefined {
  const wall = instant.now + instant.offset;
  const isOver = must === undefined || soundAt(must.confirmed, instant) >= must.set.expires;
  if (!outcome.ok) {
    if (stability !== 'always' || must === undefined || !isOver || isRoleless(outcome)) return undefined;
    return { ...must, advertised: extensionFrom(soundAt(must.confirmed, instant)) };
  }
  const set = setOfKey(outcome.value.credentials.accessKeyId);
  if (set === undefined) return undefined;
  const confirmed = { wall, at: instant.now };
  if (set.expires > wall) return { set, advertised: { least: set.expires, most: set.expires }, confirmed };
  return isOver && stability !== 'never' ? { set, advertised: extensionFrom(wall), confirmed } : undefined;
}

function isRoleless(outcome: CheckOutcome & { readonly ok: false }): boolean {
  return outcome.error.kind === 'no-role' || outcome.error.kind === 'role-mismatch';
}

function extensionFrom(now: number): Must['advertised'] {
  return { least: now + EXTENSION.least, most: now + EXTENSION.most };
}
