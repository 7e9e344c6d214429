import type { EpochMs } from './ports.ts';

const WHOLE_SECOND_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/**
 * The one timestamp shape that every AWS client parses: `YYYY-MM-DDTHH:MM:SSZ`. Fractions switch off botocore's
 * static stability, offsets are refused by the SDK for JavaScript. The part of a second is cut, never rounded up:
 * an answer must not promise time that its credentials do not have.
 */
export function formatTimestamp(instant: EpochMs): string {
  return `${new Date(instant).toISOString().slice(0, 19)}Z`;
}

/**
 * Reads exactly the shape above, as IMDS sends it. Undefined for anything else, also for a date that does not exist
 * (2026-02-30), which `Date.parse` would roll over into March.
 */
export function parseTimestamp(text: string): EpochMs | undefined {
  if (!WHOLE_SECOND_UTC.test(text)) return undefined;
  const instant = new Date(text);
  // A day that does not exist, and hour 24, come out as another day; what else is out of range, as not a number.
  return instant.getUTCDate() === Number(text.slice(8, 10)) ? instant.getTime() : undefined;
}
