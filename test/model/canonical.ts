/**
 * A text that two states have in common exactly where nothing that can still happen tells them apart: instants are
 * told from now, sets by the order in which they are met, generations by their order and small distances.
 */
import { BEGINNING, UPTIME_MS } from './machine.ts';
import type { LiveAgent } from './process.ts';
import type { ModelSet } from './sets.ts';
import { storedState } from './surfaces.ts';
import { setsIn, shownSet } from './surroundings.ts';
import type { World } from './world.ts';

/** Counters that only ever grow are told up to here. */
const MANY = 3;
/** No step of the wall clock brings back what is over for longer. */
const LONG_AGO_SECONDS = -4_600;

export function canonical(world: World, live: LiveAgent | undefined): string {
  const { instant, disk, directory, imds, check, ledger } = world;
  const { now, offset } = instant;
  const names = new Map<ModelSet, string>();
  const roles = new Map<string, number>();
  const generations: number[] = [];
  const parts: (string | number | boolean | undefined)[] = [offset / 1000, disk, nameOf(imds.set)];
  for (const answer of check ?? []) parts.push(answer.role === undefined ? answer.name : roleOf(answer.role));
  parts.push(ledger.diskExcused, ledger.clockExcused, ledger.hasMoved, Math.min(ledger.rolelessChecks, MANY));
  if (live !== undefined) parts.push('alive', ...ofProcess(live));
  parts.push('files', directory.leftovers.join());
  if (directory.stored !== undefined) parts.push(...ofStored(directory.stored));
  const shown = shownSet(directory.shown);
  if (shown !== undefined) {
    const keepUntil = Number(/"KeepUntil":"(\d+)/.exec(directory.shown ?? '')?.[1]) * 1000 - UPTIME_MS;
    parts.push('shown', nameOf(shown.set), fromNow(shown.advertised), fromNow(keepUntil));
  }
  for (const { set, until, confirmed } of ledger.may) {
    parts.push('may', nameOf(set), fromNow(until), aheadBy(confirmed.wall - confirmed.at));
  }
  if (ledger.must !== undefined) {
    const { set, advertised, confirmed } = ledger.must;
    parts.push('must', nameOf(set), fromNow(advertised.least), aheadBy(confirmed.wall - confirmed.at));
  }
  const { generation, heldGeneration, heldText } = ledger.seen;
  parts.push(generationOf(generation), generationOf(heldGeneration), isHeldText(heldText));
  generationOf(Math.floor((UPTIME_MS + now) / 1000));
  return `${parts.join(' ')} ${distances(generations)}`;

  function nameOf(set: ModelSet | undefined): string {
    if (set === undefined) return '-';
    let name = names.get(set);
    if (name === undefined) {
      name = `${names.size}`;
      names.set(set, name);
      return `${name}:${roleOf(set.role)}:${fromNow(set.expires)}`;
    }
    return name;
  }

  function roleOf(role: string): number {
    let number = roles.get(role);
    if (number === undefined) {
      number = roles.size;
      roles.set(role, number);
    }
    return number;
  }

  function fromNow(moment: number): number {
    return Math.max(LONG_AGO_SECONDS, Math.ceil((moment - now) / 1000));
  }

  function aheadBy(ms: number): number {
    return Math.floor(ms / 1000);
  }

  /** Where in the row of all generations; how they differ is told at the end. */
  function generationOf(generation: number): string {
    generations.push(generation);
    return 'g';
  }

  function ofProcess({ store, served, shownHeld }: LiveAgent): (string | number | boolean | undefined)[] {
    const state = store.state();
    const { held, confirmed, absence, failures, rolelessChecks, lastCheck } = state;
    const known = [...setsIn(world)].find((set) => set.accessKeyId === held?.credentials.accessKeyId);
    return [
      generationOf(state.generation),
      held === undefined ? '-' : `${nameOf(known)} ${fromNow(held.advertisedExpiration - BEGINNING)}`,
      generationOf(held?.generation ?? 0),
      aheadBy(confirmed.wall - BEGINNING - confirmed.monotonic),
      absence,
      Math.min(failures, MANY),
      Math.min(rolelessChecks, MANY),
      lastCheck === undefined,
      served === undefined ? '-' : served === held,
      shownHeld === undefined ? '-' : shownHeld === held,
    ];
  }

  function ofStored(text: string): (string | number)[] {
    const stored = storedState(text);
    if (typeof stored === 'string') return [stored];
    return [
      'stored',
      generationOf(stored.generation),
      nameOf(stored.shown?.set),
      stored.shown === undefined ? '-' : fromNow(stored.shown.advertised),
      generationOf(stored.heldGeneration),
      stored.shown === undefined ? '-' : fromNow(stored.serveUntil - UPTIME_MS),
    ];
  }

  function isHeldText(text: string): string {
    for (const [set, name] of names)
      if (text.startsWith(set.accessKeyId)) return `${name} ${text.slice(-20)}`;
    return '-';
  }
}

/** The generations in their order in the text, each by its place among all, where gaps count as far as they are small. */
function distances(generations: readonly number[]): string {
  const inOrder = [...new Set(generations)].sort((a, b) => a - b);
  const places = new Map<number, number>();
  let place = 0;
  inOrder.forEach((generation, index) => {
    place += index === 0 ? 0 : Math.min(MANY, generation - (inOrder[index - 1] ?? 0));
    places.set(generation, place);
  });
  return generations.map((generation) => places.get(generation)).join();
}
