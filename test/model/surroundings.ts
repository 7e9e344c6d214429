/** What happens around the agent: IMDS offers something else, the disk fills, the clock is stepped, time passes. */
import { soundNow } from '../../src/domain/refresh-policy.ts';
import { BEGINNING, UPTIME_MS, wallAt } from './machine.ts';
import type { LiveAgent } from './process.ts';
import type { Scope } from './scope.ts';
import { LIFETIME_MS, type ModelSet, mint, setOfKey } from './sets.ts';
import { storedState, wholeSet } from './surfaces.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;
/** Where the wall clock may stand: right, or an hour off, which is more than a set's whole life. */
const OFFSETS = [0, -60 * MINUTE, 60 * MINUTE];
/** Sets that are alive somewhere at a time. With that many, IMDS makes no new one. */
const MOST_SETS = 6;

export interface Turn {
  readonly text: string;
  readonly world: World;
}

export function* surroundings(world: World, scope: Scope, live?: LiveAgent): Generator<Turn> {
  yield* imdsChanges(world, scope);
  if (scope.files) yield diskChange(world);
  if (!scope.time) return;
  for (const offset of OFFSETS) {
    if (offset === world.instant.offset) continue;
    const ledger = { ...world.ledger, clockExcused: live !== undefined };
    const where = offset === 0 ? 'right' : `an hour ${offset > 0 ? 'fast' : 'slow'}`;
    yield {
      text: `the wall clock is stepped and is ${where}`,
      world: { ...world, instant: { ...world.instant, offset }, ledger },
    };
  }
  for (const now of moments(world, scope, live)) {
    const seconds = (now - world.instant.now) / 1000;
    yield { text: `${seconds} s pass`, world: { ...world, instant: { ...world.instant, now } } };
  }
}

function diskChange(world: World): Turn {
  return world.disk === 'well'
    ? {
        text: 'the disk is full',
        world: { ...world, disk: 'full', ledger: { ...world.ledger, diskExcused: true } },
      }
    : { text: 'the disk has room again', world: { ...world, disk: 'well' } };
}

function* imdsChanges(world: World, { roles }: Scope): Generator<Turn> {
  const { set } = world.imds;
  if (set !== undefined && roles)
    yield { text: 'IMDS: the role is detached', world: { ...world, imds: { set: undefined } } };
  const sets = setsIn(world);
  if (sets.size >= MOST_SETS) return;
  for (const role of ['blue', 'green'] as const) {
    if (!roles && role !== set?.role) continue;
    const offered = mint(role, world.instant.now + LIFETIME_MS, sets);
    const what = set === undefined ? 'attached' : set.role === role ? 'rotated' : 'the role is replaced';
    yield { text: `IMDS: ${what}, now ${offered.name}`, world: { ...world, imds: { set: offered } } };
  }
}

/** Every set that anything in the world still speaks of. */
export function setsIn({ imds, ledger, directory, check }: World): Set<ModelSet> {
  const found = new Set<ModelSet>();
  const note = (set: ModelSet | undefined) => set !== undefined && found.add(set);
  note(imds.set);
  for (const { set } of ledger.may) note(set);
  note(ledger.must?.set);
  note(storedSet(directory.stored)?.set);
  note(shownSet(directory.shown)?.set);
  for (const { body } of check ?? []) note(setOfKey(/"AccessKeyId":"([^"]*)/.exec(body ?? '')?.[1] ?? ''));
  return found;
}

/**
 * The next moment at which anything may change, and 1 s before and at the end of what the agent holds, so that the
 * search need not go there step by step.
 */
function moments(world: World, scope: Scope, live: LiveAgent | undefined): number[] {
  const { now } = world.instant;
  const all = [...boundaries(world, scope, live)].filter((moment) => moment > now).sort((a, b) => a - b);
  const ends = endsOfHeld(world, live).filter((moment) => moment > now);
  return [...new Set([...all.slice(0, 1), ...ends])];
}

function* boundaries(world: World, { fine }: Scope, live: LiveAgent | undefined): Generator<number> {
  const { instant, imds, directory } = world;
  const { held, confirmed } = live?.store.state() ?? {};
  if (held !== undefined && confirmed !== undefined && live !== undefined) {
    const ahead = aheadOf(world, live);
    const expires = held.credentials.expiration - BEGINNING - ahead;
    const ends = held.advertisedExpiration - BEGINNING - ahead;
    if (fine) yield* [expires - 20 * MINUTE, expires - 5 * MINUTE].map(wholeSecond);
    yield* around(expires).map(wholeSecond);
    yield* [ends - 150_000, ...around(ends)].map(wholeSecond);
  }
  if (imds.set !== undefined) yield* around(imds.set.expires - instant.offset);
  const keepUntil = /"KeepUntil":"(\d+)/.exec(directory.shown ?? '')?.[1];
  if (keepUntil !== undefined) yield* around(Number(keepUntil) * 1000 - UPTIME_MS);
  const stored = storedSet(directory.stored);
  if (stored !== undefined) yield* around(stored.advertised - instant.offset);
}

function around(moment: number): number[] {
  return [moment - 1000, moment, moment + 1000];
}

function endsOfHeld(world: World, live: LiveAgent | undefined): number[] {
  const held = live?.store.state().held;
  if (held === undefined || live === undefined) return [];
  const ends = held.advertisedExpiration - BEGINNING - aheadOf(world, live);
  return [ends - 1000, ends].map(wholeSecond);
}

/** How far the agent's sound time is ahead of AWS's. */
function aheadOf({ instant }: World, live: LiveAgent): number {
  const reading = { wall: wallAt(instant), monotonic: instant.now };
  return soundNow(live.store.state().confirmed, reading) - BEGINNING - instant.now;
}

function wholeSecond(moment: number): number {
  return Math.ceil(moment / 1000) * 1000;
}

export function storedSet(stored: string | undefined) {
  if (stored === undefined) return undefined;
  const state = storedState(stored);
  return typeof state === 'string' ? undefined : state.shown;
}

export function shownSet(shown: string | undefined) {
  if (shown === undefined) return undefined;
  const found = wholeSet('process', `${shown.split(',"KeepUntil"')[0]}}`);
  return typeof found === 'string' ? undefined : found;
}
