import type { History } from '../history.ts';
import type { SimulatedImds } from '../imds.ts';
import type { MemoryFiles } from '../memory-files.ts';
import type { VirtualTime } from '../virtual-time.ts';
import type { Invariant } from './invariants.ts';

/** What every judge looks at. */
export interface Scene {
  readonly history: History;
  readonly time: VirtualTime;
  readonly imds: SimulatedImds;
  readonly files: MemoryFiles;
  readonly fail: (invariant: Invariant, what: string) => void;
}

/** Longest time that a check takes while IMDS is well, in ms: four answers, 300 ms each, and the account's grace. */
export const WELL_CHECK_MS = 2_000;
/** Longest time that any check takes. */
export const LONGEST_CHECK_MS = 7_000;
/** One check interval with its jitter. */
export const LONGEST_INTERVAL_MS = 66_000;
/** No wait is longer without the two clocks being compared. */
export const LONGEST_SLICE_MS = 30_000;
