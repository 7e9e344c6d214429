/** Deadlines as seconds of one boot's uptime: when what is written down has to be written again. */

/** Two readings of the same deadline may differ by this much, from rounding. More, and a clock was stepped. */
const ROUNDING_SECONDS = 0.05;

export function isSameReading(one: number, other: number): boolean {
  return Math.abs(one - other) <= ROUNDING_SECONDS;
}

/** All deadlines that have passed are the same: nothing is served by any of them. */
export function isSameDeadline(stored: number, seconds: number, uptime: number): boolean {
  const hasPassed = stored <= uptime && seconds <= uptime;
  return hasPassed || isSameReading(stored, seconds);
}
