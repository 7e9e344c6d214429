/** What a surface sees of the credentials' life: the set to serve now, or why there is none. */
import { type Held, type LifeState, usable } from './life-state.ts';
import type { ClockReading } from './refresh-policy.ts';
import type { Soon } from './soon.ts';
import { formatTimestamp } from './timestamps.ts';

export type RefusalCode =
  /** IMDS says that no role is attached, and none was since the agent started. */
  | 'no-role'
  /** The role that was served has been detached. */
  | 'role-detached'
  /** Nothing was fetched yet. */
  | 'credentials-pending'
  /** What is held has expired and IMDS has nothing newer. */
  | 'credentials-expired';

export interface Refusal {
  readonly code: RefusalCode;
  /** Cause and next step, in the same words on every surface and in the log. No secret. */
  readonly message: string;
}

export type Reading =
  | { readonly held: Held; readonly refusal?: undefined }
  | { readonly held?: undefined; readonly refusal: Refusal };

/** The read side of the store. Reading is from memory: it never causes a request to IMDS. */
export interface CredentialReader {
  read(): Reading;
  /**
   * The first reading that is worth an answer: at once, unless the first fetch is still under way; then as soon as it
   * ends, and after `maxWaitMs` at the latest.
   */
  readSettled(maxWaitMs: number): Soon<Reading>;
}

/** How long a cold agent lets a request wait for the first set, by DESIGN: below every client's own deadline. */
export const COLD_START_HOLD_MS = 1_500;

export function readingOf(state: LifeState, clock: ClockReading): Reading {
  const held = usable(state, clock);
  return held === undefined ? { refusal: refusalOf(state) } : { held };
}

function refusalOf(state: LifeState): Refusal {
  const { held, absence, trouble } = state;
  if (absence === 'role-detached') {
    return {
      code: 'role-detached',
      message: `The instance's role was detached: attach an instance profile with a role and it is served again within a minute. ${why(state)}`,
    };
  }
  if (absence === 'no-role') {
    return {
      code: 'no-role',
      message:
        trouble?.message ?? 'No role is attached to this instance: attach an instance profile that has one.',
    };
  }
  if (held === undefined) {
    return { code: 'credentials-pending', message: `No credentials were fetched yet. ${why(state)}` };
  }
  const expired = formatTimestamp(held.credentials.expiration);
  return {
    code: 'credentials-expired',
    message: `The credentials of role ${held.roleName} expired at ${expired} and IMDS gave none newer. ${why(state)}`,
  };
}

function why(state: LifeState): string {
  return state.trouble?.message ?? 'The next check is under way.';
}
