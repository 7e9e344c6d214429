import type { Clock, Random } from '../domain/ports.ts';
import { type IssuedSet, newCredentialSet } from './credential-set.ts';
import { dueSince, type RotationTimes } from './rotation.ts';

/** The credential sets of an instance, by role: rotated by the clock whenever they are asked for. */
export interface CredentialSets {
  /** The role's set of this moment: a first one where the role had none, a new one where its schedule says so. */
  current(roleName: string): IssuedSet;
  /** A new set now; the role's schedule starts again from here. */
  rotate(roleName: string): IssuedSet;
  /** A set of its own whose expiration was a minute ago. The same one until the clock is stepped back before that. */
  expired(roleName: string): IssuedSet;
  /** While frozen, a set that exists stays, past its expiration too. After the thaw the schedule is caught up with. */
  freeze(): void;
  thaw(): void;
  markServed(set: IssuedSet): void;
  /** Every set made, oldest first, up to the limit. */
  all(): readonly IssuedSet[];
}

const remembered = 10_000;

export function createCredentialSets(clock: Clock, random: Random, times: RotationTimes): CredentialSets {
  const current = new Map<string, IssuedSet>();
  const expired = new Map<string, IssuedSet>();
  const bySerial = new Map<number, IssuedSet>();
  let lastSerial = 0;
  let frozen = false;

  return {
    current: currentSet,
    rotate: (roleName) => replace(roleName, clock.now()),
    expired(roleName) {
      const known = expired.get(roleName);
      if (known !== undefined && known.expiration <= clock.now()) return known;
      const set = issue(roleName, clock.now() - times.lifetimeMs - 60_000);
      expired.set(roleName, set);
      return set;
    },
    freeze() {
      for (const roleName of current.keys()) currentSet(roleName);
      frozen = true;
    },
    thaw() {
      frozen = false;
    },
    markServed(set) {
      const known = bySerial.get(set.serial);
      if (known === undefined || known.firstServedAt !== undefined) return;
      bySerial.set(set.serial, { ...known, firstServedAt: clock.now() });
    },
    all: () => [...bySerial.values()],
  };

  function currentSet(roleName: string): IssuedSet {
    const set = current.get(roleName);
    if (set === undefined) return replace(roleName, clock.now());
    if (frozen) return set;
    const due = dueSince(clock.now(), set.issuedAt, times.periodMs);
    return due === set.issuedAt ? set : replace(roleName, due);
  }

  function replace(roleName: string, issuedAt: number): IssuedSet {
    const set = issue(roleName, issuedAt);
    current.set(roleName, set);
    return set;
  }

  function issue(roleName: string, issuedAt: number): IssuedSet {
    lastSerial += 1;
    const set = newCredentialSet(random, {
      roleName,
      serial: lastSerial,
      issuedAt,
      lifetimeMs: times.lifetimeMs,
    });
    bySerial.set(set.serial, set);
    bySerial.delete(lastSerial - remembered);
    return set;
  }
}
