import type { Clock } from '../../src/domain/ports.ts';

export interface ManualClock extends Clock {
  /** Moves both clocks on and runs the timers that fall due, each at its own time; promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Steps the wall clock alone, as an operator or NTP does. Timers do not notice. */
  stepWall(ms: number): void;
  /** Wall and boot time go on, the monotonic clock and the timers stand still: what a suspend looks like. */
  suspend(ms: number): void;
  /** How many timers wait. */
  pendingTimers(): number;
}

export function manualClock(start = '2026-11-23T08:00:00Z'): ManualClock {
  let wall = Date.parse(start);
  let monotonic = 1_000;
  let order = 0;
  const timers = new Map<number, { due: number; action: () => void }>();

  return {
    now: () => wall,
    monotonic: () => monotonic,
    setTimer(delayMs, action) {
      const id = order++;
      timers.set(id, { due: monotonic + Math.max(0, delayMs), action });
      return () => timers.delete(id);
    },
    async advance(ms) {
      const end = monotonic + ms;
      await settle();
      for (;;) {
        const next = earliest(end);
        if (next === undefined) break;
        const [id, { due, action }] = next;
        wall += due - monotonic;
        monotonic = due;
        timers.delete(id);
        action();
        await settle();
      }
      wall += end - monotonic;
      monotonic = end;
      await settle();
    },
    stepWall(ms) {
      wall += ms;
    },
    suspend(ms) {
      wall += ms;
    },
    pendingTimers: () => timers.size,
  };

  function earliest(end: number) {
    let found: [number, { due: number; action: () => void }] | undefined;
    for (const entry of timers) {
      if (entry[1].due <= end && (found === undefined || entry[1].due < found[1].due)) found = entry;
    }
    return found;
  }
}

/** Lets everything that is ready to run, run: promise jobs and one turn of the event loop. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
