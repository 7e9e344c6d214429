import type { Clock, Random } from '../domain/ports.ts';
import type { Boot } from '../platform/clock.ts';

/** Everything a verb may touch, given by `main`: so a test can run a verb as a function. */
export interface CommandWorld {
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number;
  readonly pid: number;
  readonly version: string;
  readonly clock: Clock;
  readonly boot: Boot;
  readonly random: Random;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** Aborted by SIGTERM, SIGINT, and SIGHUP where nobody asked for it. */
  readonly stop: AbortSignal;
  /** Gives SIGHUP to the listener from now on, one that has come before too, instead of ending. */
  readonly onHangup?: (listener: () => void) => void;
}
