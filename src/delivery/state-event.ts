import { keyIdTail } from '../domain/credentials.ts';
import { type Held, type LifeState, phase } from '../domain/life-state.ts';
import { type RefusalCode, readingOf } from '../domain/reader.ts';
import type { ClockReading, Phase } from '../domain/refresh-policy.ts';
import { formatTimestamp } from '../domain/timestamps.ts';

/** The state as `/v1/events` tells it: whole, and without a secret. Names and units are those of `/v1/status`. */
export interface StateEvent {
  /** `credentials`: there are some to use. `withdrawn`: there are none. `expired`: the ones held are over. */
  readonly event: 'credentials' | 'withdrawn' | 'expired';
  readonly generation: number;
  readonly phase: Phase;
  readonly role?: string;
  readonly account_id?: string;
  /** The last four characters. */
  readonly key_id?: string;
  /** The true expiration, as IMDS gave it. */
  readonly expiration?: string;
  /** What consumers are told: later than the true one while static stability extends it. */
  readonly advertised_expiration?: string;
  /** Why there are no credentials, and the cause with the next step. */
  readonly code?: RefusalCode;
  readonly message?: string;
}

export function stateEvent(state: LifeState, now: ClockReading): StateEvent {
  const { held, refusal } = readingOf(state, now);
  const about = { generation: state.generation, phase: phase(state, now) };
  if (held !== undefined) return { event: 'credentials', ...about, ...heldPart(held) };
  if (state.held === undefined) return { event: 'withdrawn', ...about, ...refusal };
  return { event: 'expired', ...about, ...heldPart(state.held), ...refusal };
}

/** Whether a consumer that knows one need not be told the other. A phase passes by itself, and a message may be reworded. */
export function isSameEvent(a: StateEvent, b: StateEvent): boolean {
  return a.generation === b.generation && a.event === b.event && a.code === b.code;
}

function heldPart(held: Held) {
  return {
    role: held.roleName,
    ...(held.accountId !== undefined && { account_id: held.accountId }),
    key_id: keyIdTail(held.credentials),
    expiration: formatTimestamp(held.credentials.expiration),
    advertised_expiration: formatTimestamp(held.advertisedExpiration),
  };
}
