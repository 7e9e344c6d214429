import type { SourceErrorKind } from './errors.ts';
import type { EpochMs } from './ports.ts';

export type CheckResult = 'ok' | SourceErrorKind;

/** What the checks of IMDS have brought since the agent started. */
export interface CheckCounts {
  /** How many, for every result that there is. */
  readonly results: Readonly<Record<CheckResult, number>>;
  readonly latency: LatencyCounts;
  /** When IMDS last gave a usable set. */
  readonly lastSuccessAt: EpochMs | undefined;
  /** When this agent first had the set that is held, from IMDS or from an earlier run. */
  readonly heldSince: EpochMs | undefined;
}

/** Of all checks, from the first byte sent to the last received; of one without an answer, until it was given up. */
export interface LatencyCounts {
  readonly sumMs: number;
  /** How many took at most so long and longer than the bound before; the last bound is infinite. */
  readonly buckets: readonly { readonly boundMs: number; readonly count: number }[];
}
