import type { Answer } from './check-source.ts';
import type { Imds } from './imds.ts';
import { type Ledger, NOTHING_YET } from './ledger.ts';
import type { Directory, Disk, Instant } from './machine.ts';
import type { AgentProcess } from './process.ts';
import { LIFETIME_MS, mint } from './sets.ts';

/** One state of everything: IMDS, the machine, the agent's process, and what readers have seen. A value. */
export interface World {
  readonly instant: Instant;
  readonly disk: Disk;
  readonly directory: Directory;
  readonly imds: Imds;
  /** Undefined while no agent runs. */
  readonly process: AgentProcess | undefined;
  /** IMDS's answers to the check that is under way. */
  readonly check: readonly Answer[] | undefined;
  readonly ledger: Ledger;
}

/** A machine that was just booted, with a role attached and no agent yet. */
export const BOOTED: World = {
  instant: { now: 0, offset: 0 },
  disk: 'well',
  directory: { stored: undefined, shown: undefined, leftovers: [] },
  imds: { set: mint('blue', LIFETIME_MS, new Set()) },
  process: undefined,
  check: undefined,
  ledger: NOTHING_YET,
};
