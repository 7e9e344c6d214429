import { readFileSync } from 'node:fs';
import type { Clock } from '../domain/ports.ts';

/** The machine's clocks. The one place in the project that reads them. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic() {
    // CLOCK_MONOTONIC itself. `performance` would say the same, from a module that takes 3 ms to load.
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e3 + nanoseconds / 1e6;
  },
  setTimer(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * The same clocks run `factor` times as fast from the moment of the call, for showing hours of life in seconds.
 * Only for what lives by the calendar: network deadlines stay on the real clock.
 */
export function compressedClock(real: Clock, factor: number): Clock {
  const startWall = real.now();
  const startMonotonic = real.monotonic();
  const elapsed = () => (real.monotonic() - startMonotonic) * factor;
  return {
    now: () => Math.floor(startWall + elapsed()),
    monotonic: () => startMonotonic + elapsed(),
    setTimer: (delayMs, action) => real.setTimer(delayMs / factor, action),
  };
}

/** What this boot of the machine is called and how long it has lasted, time in suspend included. */
export interface Boot {
  /** Random per boot (proc(5), /proc/sys/kernel/random/boot_id). */
  readonly id: string;
  /** Seconds since boot by CLOCK_BOOTTIME, in hundredths, as the kernel prints it first in /proc/uptime. */
  uptimeSeconds(): number;
}

/** Reads the boot id once. Throws where /proc is missing: nothing of rolekeeper runs without it. */
export function systemBoot(): Boot {
  const id = readFileSync('/proc/sys/kernel/random/boot_id', 'ascii').trim();
  return { id, uptimeSeconds: () => Number.parseFloat(readFileSync('/proc/uptime', 'ascii')) };
}
