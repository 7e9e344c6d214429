/**
 * The whole state of the credentials' life, and the one function that moves it on. Both are pure: the store holds the
 * current state and replaces it whole, the model check walks through all of them.
 */
import { type RoleCredentials, sameSet } from './credentials.ts';
import type { CheckFacts, CheckOutcome, SourceError } from './errors.ts';
import type { EpochMs, Random } from './ports.ts';
import { type ClockReading, type Phase, phaseOf, soundNow } from './refresh-policy.ts';

/** What happens past expiration; DESIGN: `policy.static_stability`. */
export type StaticStability = 'imds' | 'always' | 'never';

/** The set that surfaces serve. The object is replaced at every change, so its identity can key a rendered answer. */
export interface Held extends RoleCredentials {
  readonly generation: number;
  /** What consumers are told: the true expiration, or later while static stability extends it. */
  readonly advertisedExpiration: EpochMs;
}

export interface LifeState {
  /** Rises with every accepted change, a withdrawal included. */
  readonly generation: number;
  readonly held: Held | undefined;
  /** When IMDS last confirmed what is held (or when a stored set was taken up), on both clocks. */
  readonly confirmed: ClockReading;
  /** Why nothing is held, once IMDS has said that there is no role. */
  readonly absence: 'no-role' | 'role-detached' | undefined;
  /** What the last check ran into; undefined after a good one. */
  readonly trouble: SourceError | undefined;
  /** Checks that failed since the last good one. */
  readonly failures: number;
  /** Checks in a row that found no role. */
  readonly rolelessChecks: number;
  readonly lastCheck: CheckFacts | undefined;
}

/** A role is taken for detached when this many checks in a row found none: one 404 may be a hiccup. */
export const CHECKS_UNTIL_DETACHED = 3;

const EXTENSION_MS = { least: 5 * 60_000, most: 15 * 60_000 };

export function initialState(generation: number, reading: ClockReading): LifeState {
  return {
    generation,
    held: undefined,
    confirmed: reading,
    absence: undefined,
    trouble: undefined,
    failures: 0,
    rolelessChecks: 0,
    lastCheck: undefined,
  };
}

/** The phase by the true expiration: a set whose life is extended is `expired` here, and still usable. */
export function phase(state: LifeState, reading: ClockReading): Phase {
  if (state.held === undefined) return state.absence === undefined ? 'pending' : 'absent';
  return phaseOf(state.held.credentials, soundNow(state.confirmed, reading));
}

/** The set to serve at this moment, if there is one: held, and its advertised expiration still ahead. */
export function usable(state: LifeState, reading: ClockReading): Held | undefined {
  const { held } = state;
  return held !== undefined && soundNow(state.confirmed, reading) < held.advertisedExpiration
    ? held
    : undefined;
}

/** What a check moves: never throws, and never lets a failed or bad answer touch a set that is still good. */
export function afterCheck(
  state: LifeState,
  outcome: CheckOutcome,
  reading: ClockReading,
  stability: StaticStability,
  random: Random,
): LifeState {
  const next = outcome.ok
    ? afterAnswer(state, outcome.value, reading, stability, random)
    : afterFailure(state, outcome.error, reading, stability, random);
  return { ...next, lastCheck: outcome.facts };
}

function afterAnswer(
  state: LifeState,
  answer: RoleCredentials,
  reading: ClockReading,
  stability: StaticStability,
  random: Random,
): LifeState {
  const { held } = state;
  const well = { ...state, absence: undefined, trouble: undefined, failures: 0, rolelessChecks: 0 };
  if (answer.credentials.expiration > reading.wall) {
    const { expiration } = answer.credentials;
    const confirmed = { ...well, confirmed: reading };
    const same = held !== undefined && unchanged(held, answer) && held.advertisedExpiration === expiration;
    return same ? confirmed : replaced(confirmed, answer, expiration);
  }
  const stale = withTrouble({ ...state, absence: undefined, rolelessChecks: 0 }, expiredDocument(answer));
  if (held !== undefined && held.credentials.expiration > soundNow(state.confirmed, reading)) return stale;
  if (stability === 'never') return stale;
  return { ...extended(stale, answer, reading.wall, random), confirmed: reading };
}

function afterFailure(
  state: LifeState,
  error: SourceError,
  reading: ClockReading,
  stability: StaticStability,
  random: Random,
): LifeState {
  const troubled = withTrouble(state, error);
  if (error.kind === 'no-role' || error.kind === 'role-mismatch') return afterNoRole(troubled);
  const counted = { ...troubled, rolelessChecks: 0 };
  const expired = phase(state, reading) === 'expired' ? state.held : undefined;
  if (expired === undefined || stability !== 'always') return counted;
  // Nobody has confirmed the set, so the clock that has it expired goes on counting, wherever the other was stepped.
  return extended(counted, expired, soundNow(state.confirmed, reading), random);
}

function afterNoRole(state: LifeState): LifeState {
  const rolelessChecks = state.rolelessChecks + 1;
  if (state.held === undefined) return { ...state, rolelessChecks, absence: state.absence ?? 'no-role' };
  if (rolelessChecks < CHECKS_UNTIL_DETACHED) return { ...state, rolelessChecks };
  return {
    ...state,
    rolelessChecks,
    held: undefined,
    absence: 'role-detached',
    generation: state.generation + 1,
  };
}

/** Static stability: the set has expired and may still be accepted by AWS, so consumers are told a later expiration. */
function extended(state: LifeState, answer: RoleCredentials, now: EpochMs, random: Random): LifeState {
  const { held } = state;
  const granted = held !== undefined && unchanged(held, answer) ? held.advertisedExpiration - now : 0;
  // More than the most is what a clock that was stepped back makes of an extension: it is granted anew.
  if (granted > EXTENSION_MS.least / 2 && granted <= EXTENSION_MS.most) return state;
  const extension = EXTENSION_MS.least + random() * (EXTENSION_MS.most - EXTENSION_MS.least);
  // To the second, as it is told: a part of one more would be handed out as a set that has expired.
  return replaced(state, answer, Math.floor((now + extension) / 1000) * 1000);
}

function replaced(state: LifeState, answer: RoleCredentials, advertisedExpiration: EpochMs): LifeState {
  const generation = state.generation + 1;
  const { roleName, accountId, credentials } = answer;
  return {
    ...state,
    generation,
    held: { roleName, accountId, credentials, advertisedExpiration, generation },
  };
}

function unchanged(held: Held, answer: RoleCredentials): boolean {
  return (
    held.roleName === answer.roleName &&
    (answer.accountId === undefined || held.accountId === answer.accountId) &&
    sameSet(held.credentials, answer.credentials)
  );
}

function withTrouble(state: LifeState, trouble: SourceError): LifeState {
  return { ...state, trouble, failures: state.failures + 1 };
}

function expiredDocument(answer: RoleCredentials): SourceError {
  const when = new Date(answer.credentials.expiration).toISOString();
  return {
    kind: 'expired-document',
    message: `IMDS answered with a set for role ${answer.roleName} that expired at ${when}: AWS's control plane may be unable to issue new ones; check the AWS Health Dashboard and the instance's clock`,
  };
}
