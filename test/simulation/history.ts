/** The life of one instance as data: what happens, and when. Everything else follows from it and from its seed. */
import type { StaticStability } from '../../src/domain/life-state.ts';
import type { Rhythm } from './imds.ts';
import type { ImdsFault } from './imds-fault.ts';
import type { DiskState } from './memory-files.ts';

export interface History {
  /** Drives jitter, rotation times and readers. */
  readonly seed: number;
  readonly days: number;
  readonly rhythm: Rhythm;
  readonly stability: StaticStability;
  /** `imds.role`: empty for whichever is attached. */
  readonly onlyRole: string;
  /** Attached at the beginning; null for none. */
  readonly role: string | null;
  readonly happenings: readonly Happening[];
}

/** What happens next, and how long after what happened before. */
export interface Happening {
  readonly wait: Wait;
  readonly event: HistoryEvent;
}

export interface Wait {
  readonly ms: number;
  /** `ms` may be negative and counts from IMDS's next rotation, or the served set's expiration, if that is ahead. */
  readonly from?: 'rotation' | 'expiration';
  /** Not at that time itself, but right after the agent's n-th request from then on: in the middle of a check. */
  readonly request?: number;
}

export type HistoryEvent =
  | { readonly kind: 'fault'; readonly fault: ImdsFault; readonly lastsMs: number }
  | { readonly kind: 'attach'; readonly role: string }
  | {
      readonly kind: 'detach';
      readonly how: 'detached' | 'profile-deleted';
      readonly lastsMs: number;
      /** What is attached after that. */
      readonly next: string;
    }
  | { readonly kind: 'forget-tokens' }
  /** Somebody sets the wall clock, and perhaps it is set right again. */
  | { readonly kind: 'step-clock'; readonly ms: number; readonly lastsMs: number | null }
  | { readonly kind: 'suspend'; readonly lastsMs: number }
  | { readonly kind: 'crash'; readonly downMs: number }
  /** The crash comes in the middle of the n-th file that is written from now on. */
  | { readonly kind: 'crash-in-write'; readonly write: number; readonly downMs: number }
  | { readonly kind: 'stop'; readonly downMs: number }
  | { readonly kind: 'reboot'; readonly downMs: number }
  | { readonly kind: 'disk'; readonly state: Exclude<DiskState, 'well'>; readonly lastsMs: number }
  /** Somebody puts something else in the place of the stored state. */
  | { readonly kind: 'tamper'; readonly how: Tampering }
  | { readonly kind: 'check-now' };

export const TAMPERINGS = ['truncated', 'garbage', 'future-version', 'other-owner', 'empty'] as const;
export type Tampering = (typeof TAMPERINGS)[number];

/** One line of JSON: what `--history` of the campaign takes. */
export function printHistory(history: History): string {
  return JSON.stringify(history);
}

/** For people: one line for each happening. */
export function describeHistory(history: History): string {
  const { seed, days, rhythm, stability, onlyRole, role, happenings } = history;
  const lines = happenings.map(({ wait, event }) => {
    const from = wait.from === undefined ? '' : ` from the next ${wait.from}`;
    const request = wait.request === undefined ? '' : `, at request ${wait.request}`;
    return `  ${String(wait.ms).padStart(10)} ms${from}${request}: ${JSON.stringify(event)}`;
  });
  const head = JSON.stringify({ seed, days, rhythm, stability, onlyRole, role });
  return [head, ...lines].join('\n');
}
