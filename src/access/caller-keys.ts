import type { Caller, SurfaceName } from '../domain/caller.ts';
import { printable } from './printable.ts';

/** What a caller is counted and told under. */
export interface CallerKeys {
  /** What to show of its user agent. */
  readonly shownAgent: string | undefined;
  readonly user: string;
  /** Of its user: this program with this user agent. */
  readonly program: string;
  /** Whatever its user agent. */
  readonly caller: string;
}

interface Known {
  readonly surface: SurfaceName;
  readonly userAgent: string | undefined;
  readonly keys: CallerKeys;
}

const known = new WeakMap<Caller, Known>();

/** A connection may ask often, and its caller is the same object each time: what was made of it last is kept. */
export function callerKeys(surface: SurfaceName, caller: Caller, userAgent: string | undefined): CallerKeys {
  const last = known.get(caller);
  if (last !== undefined && last.surface === surface && last.userAgent === userAgent) return last.keys;
  const { uid, exe, unit } = caller;
  const shownAgent = userAgent === undefined ? undefined : printable(userAgent);
  const keys: CallerKeys = {
    shownAgent,
    user: String(uid),
    program: JSON.stringify([surface, exe, unit, shownAgent]),
    caller: JSON.stringify([surface, uid, exe, unit]),
  };
  known.set(caller, { surface, userAgent, keys });
  return keys;
}
