import type { Clock } from '../../src/domain/ports.ts';
import { systemBoot } from '../../src/platform/clock.ts';
import { manualClock } from './manual-clock.ts';

/** Time that passes only when it is told to, for an instance and the agent on it. */
export interface ScenarioClock extends Clock {
  /** Goes from timer to timer. Before each, `quiet` lets what the one before has begun come to its end. */
  advance(ms: number, quiet: () => Promise<void>): Promise<void>;
  /** Steps the wall clock, as an operator or NTP does. */
  stepWall(ms: number): void;
  /** Wall clock and uptime go on, the monotonic clock and the timers stand still. */
  suspend(ms: number): void;
  pendingTimers(): number;
  /** This machine's boot, with an uptime of the scenario's own. */
  readonly boot: { readonly id: string; uptimeSeconds(): number };
}

const UPTIME_AT_START_SECONDS = 4_000;

export function scenarioClock(): ScenarioClock {
  const manual = manualClock();
  const due = new Set<{ readonly at: number }>();
  const startedAt = manual.monotonic();
  let suspendedMs = 0;

  return {
    now: manual.now,
    monotonic: manual.monotonic,
    stepWall: manual.stepWall,
    pendingTimers: manual.pendingTimers,
    setTimer(delayMs, action) {
      // Whole milliseconds, as real timers have them: so "10 s before it expires" is exactly that.
      const delay = Math.ceil(Math.max(0, delayMs));
      const entry = { at: manual.monotonic() + delay };
      due.add(entry);
      const cancel = manual.setTimer(delay, () => {
        due.delete(entry);
        action();
      });
      return () => {
        due.delete(entry);
        cancel();
      };
    },
    async advance(ms, quiet) {
      const end = manual.monotonic() + ms;
      for (;;) {
        await quiet();
        const next = Math.min(...[...due].map(({ at }) => at));
        if (next > end) break;
        await manual.advance(next - manual.monotonic());
      }
      await manual.advance(end - manual.monotonic());
    },
    suspend(ms) {
      suspendedMs += ms;
      manual.suspend(ms);
    },
    boot: {
      id: systemBoot().id,
      uptimeSeconds: () => UPTIME_AT_START_SECONDS + (manual.monotonic() - startedAt + suspendedMs) / 1_000,
    },
  };
}
