import type { EpochMs } from '../domain/ports.ts';
import { InputError } from './input-error.ts';

export interface RotationTimes {
  /** From issue to expiration. */
  readonly lifetimeMs: number;
  /** From one set to the next, on a role's own schedule. */
  readonly periodMs: number;
}

const fiveMinutes = 300_000;

/**
 * EC2 has the next set ready at least five minutes before the old one expires. So the period is at most the lifetime
 * less five minutes; of a lifetime under an hour, less a twelfth. The second more is what the expiration may lose
 * when it is cut to whole seconds.
 * @throws InputError for a lifetime under two seconds, or a period that is not positive
 */
export function rotationTimes(lifetimeMs: number, rotateEveryMs: number): RotationTimes {
  if (!(lifetimeMs >= 2_000 && Number.isFinite(lifetimeMs))) {
    throw new InputError(`The lifetime of a credential set must be at least 2 s: it is ${lifetimeMs} ms`);
  }
  if (!(rotateEveryMs > 0)) {
    throw new InputError(`The time between two rotations must be positive: it is ${rotateEveryMs} ms`);
  }
  const margin = Math.min(fiveMinutes, lifetimeMs / 12);
  return { lifetimeMs, periodMs: Math.min(rotateEveryMs, lifetimeMs - margin - 1_000) };
}

/** When the set that is due at `now` became available, on a schedule whose last known set came at `since`. */
export function dueSince(now: EpochMs, since: EpochMs, periodMs: number): EpochMs {
  const periods = Math.floor((now - since) / periodMs);
  return periods > 0 ? since + periods * periodMs : since;
}
