/** The machine that one process of the modelled agent runs on: clocks that stand still until told, and two files. */
import type { Clock, Files, Random } from '../../src/domain/ports.ts';
import type { Boot } from '../../src/platform/clock.ts';

/** What AWS's clock says when the model begins. All instants of the model are milliseconds since then. */
export const BEGINNING = Date.parse('2026-11-23T08:00:00Z');
/** How long the machine was up at the beginning. */
export const UPTIME_MS = 1_000_000;

export const DIRECTORY = '/run/rolekeeper';
const STATE_FILE = `${DIRECTORY}/state.json`;
const PROCESS_FILE = `${DIRECTORY}/credential-process.json`;
const BOOT_ID = 'b0070000-0000-4000-8000-000000000001';

export interface Instant {
  /** AWS's time. Monotonic time and the time since boot go with it: the modelled machine never sleeps. */
  readonly now: number;
  /** How far the wall clock is ahead of AWS's time. */
  readonly offset: number;
}

export type Disk = 'well' | 'full';

export interface Directory {
  readonly stored: string | undefined;
  readonly shown: string | undefined;
  /** The files beside which a killed writer has left a temporary. */
  readonly leftovers: readonly string[];
}

/** What an instant of the model is on the wall clock, in epoch ms. */
export function wallAt({ now, offset }: Instant): number {
  return BEGINNING + now + offset;
}

export class Machine {
  instant: Instant;
  disk: Disk;
  /** What the agent draws, and how often it did. */
  random = 0;
  draws = 0;
  /** The file operation of this number, counted from 1 and from `operations = 0`, is the last act of the process. */
  killAt = Number.POSITIVE_INFINITY;
  killed = false;
  /** Operations that changed a file. */
  operations = 0;
  wroteShown = false;
  #content = new Map<string, string>();
  #leftovers: Set<string>;

  constructor(instant: Instant, disk: Disk, { stored, shown, leftovers }: Directory) {
    this.instant = instant;
    this.disk = disk;
    if (stored !== undefined) this.#content.set(STATE_FILE, stored);
    if (shown !== undefined) this.#content.set(PROCESS_FILE, shown);
    this.#leftovers = new Set(leftovers);
  }

  directory(): Directory {
    return {
      stored: this.#content.get(STATE_FILE),
      shown: this.#content.get(PROCESS_FILE),
      leftovers: [...this.#leftovers],
    };
  }

  readonly clock: Clock = {
    now: () => wallAt(this.instant),
    monotonic: () => this.instant.now,
    setTimer: () => () => {},
  };

  readonly boot: Boot = { id: BOOT_ID, uptimeSeconds: () => (UPTIME_MS + this.instant.now) / 1000 };

  readonly chance: Random = () => {
    this.draws++;
    return this.random;
  };

  readonly files: Files = {
    replace: (path, content) => {
      if (this.disk === 'full') {
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      }
      if (this.#dies()) {
        this.#leftovers.add(path);
        throw new Error('killed');
      }
      this.#content.set(path, content);
      this.wroteShown ||= path === PROCESS_FILE;
    },
    remove: (path) => {
      if (!this.#content.has(path)) return;
      if (this.#dies()) throw new Error('killed');
      this.#content.delete(path);
    },
    sweepTemporaries: (path) => {
      if (!this.#leftovers.has(path)) return;
      if (this.#dies()) throw new Error('killed');
      this.#leftovers.delete(path);
    },
    readPrivate: (path) => this.#content.get(path),
  };

  /** Whether this operation is not done any more: a killed process does nothing. */
  #dies(): boolean {
    this.operations++;
    this.killed ||= this.operations >= this.killAt;
    return this.killed;
  }
}

/** What the fast helper prints, by the rules of `scripts/credential-process`; undefined where it asks the agent. */
export function printedByHelper(shown: string | undefined, now: number): string | undefined {
  const found = /^(.*),"KeepUntil":"(\d{1,10})\/([^"]*)"\}\n/.exec(shown ?? '');
  if (found === null) return undefined;
  const [, answer, keepUntil, boot] = found;
  if (boot !== BOOT_ID || Math.floor((UPTIME_MS + now) / 1000) >= Number(keepUntil)) return undefined;
  return `${answer}}\n`;
}
