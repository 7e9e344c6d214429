import type { EpochMs } from '../../domain/ports.ts';
import { ADVISORY_WINDOW_MS, MANDATORY_WINDOW_MS } from '../../domain/refresh-policy.ts';

export interface Life {
  readonly since: EpochMs;
  /** The true one. */
  readonly expiration: EpochMs;
  /** What consumers are told. */
  readonly advertised: EpochMs;
}

/** What each letter of the bar stands for. */
export const BAR_LETTERS = {
  passed: '#',
  now: '|',
  fresh: '.',
  advisory: '~',
  mandatory: '!',
  /** Past the true expiration, and still served. */
  extended: '+',
} as const;

/**
 * The life of a set from when the agent first had it to the end that consumers are told, in so many letters: what has passed,
 * where we are, and what is ahead, with the refresh windows.
 */
export function lifeBar({ since, expiration, advertised }: Life, now: EpochMs, letters: number): string {
  const whole = Math.max(1, advertised - since);
  const at = Math.min(letters - 1, Math.max(0, Math.floor(((now - since) / whole) * letters)));
  let bar = '';
  for (let letter = 0; letter < letters; letter++) {
    const middle = since + ((letter + 0.5) / letters) * whole;
    if (letter === at) bar += BAR_LETTERS.now;
    else bar += letter < at ? BAR_LETTERS.passed : BAR_LETTERS[zoneOf(middle, expiration)];
  }
  return bar;
}

function zoneOf(instant: EpochMs, expiration: EpochMs): 'fresh' | 'advisory' | 'mandatory' | 'extended' {
  const left = expiration - instant;
  if (left <= 0) return 'extended';
  if (left < MANDATORY_WINDOW_MS) return 'mandatory';
  return left < ADVISORY_WINDOW_MS ? 'advisory' : 'fresh';
}
