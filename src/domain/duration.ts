const unitLengths = new Map<string | undefined, number>([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/**
 * Milliseconds of a duration as people write it: one positive decimal number and one unit, no spaces
 * (`250ms`, `1.5s`, `5m`, `6h`). Undefined for anything else, and for a length that is no safe integer
 * of milliseconds after rounding, or rounds to zero.
 */
export function parseDuration(text: string): number | undefined {
  const parts = /^(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h)$/.exec(text);
  const unitLength = unitLengths.get(parts?.[2]) ?? Number.NaN;
  const milliseconds = Math.round(Number(parts?.[1]) * unitLength);
  return milliseconds > 0 && Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

/**
 * The shortest exact text of a length in whole milliseconds, in the largest unit that divides it:
 * `90s`, `5m`, `250ms`, `0s`. `parseDuration` reads every positive result back to the same length.
 */
export function formatDuration(milliseconds: number): string {
  const whole = Math.round(milliseconds);
  if (whole === 0) return '0s';
  for (const unit of ['h', 'm', 's']) {
    const length = unitLengths.get(unit) ?? 1;
    if (whole % length === 0) return `${whole / length}${unit}`;
  }
  return `${whole}ms`;
}
