import type { Held } from '../../src/domain/life-state.ts';
import { formatTimestamp } from '../../src/domain/timestamps.ts';
import type { Code } from './code.ts';
import { type Entry, type Ledger, sinceConfirmed, soundAt } from './ledger.ts';
import { BEGINNING, printedByHelper, wallAt } from './machine.ts';
import type { LiveAgent } from './process.ts';
import { type Shown, storedState, wholeSet } from './surfaces.ts';
import type { World } from './world.ts';

/** What the model check holds the agent to, in every state. */
export const PROPERTIES = {
  'whole-sets': 'every surface shows one whole set: key, secret, token and role of one document',
  'not-expired': 'no surface shows a set that has expired, unless static stability extended it',
  'never-back': 'no reader sees an older set, an older role or an older generation after a newer one',
  'withdrawn-nowhere': 'after a detached role was withdrawn nothing shows its set, also after a restart',
  'good-set-stays': 'a good set is served until it expires; a failed or bad answer changes nothing',
  'surfaces-agree': 'the agent, the process file and the stored state have the same set',
  'clean-start': 'a start leaves no temporary file behind',
  'one-check': 'at most one check of IMDS is under way',
  recovers: 'one check of a healthy IMDS puts its newest set, or that there is none, on every surface',
} as const;

export type Property = keyof typeof PROPERTIES;

export class Violation extends Error {
  readonly property: Property;

  constructor(property: Property, found: string) {
    super(found);
    this.property = property;
  }
}

/** Deadlines of the process file are whole seconds, cut. */
const HELPER_EARLY_MS = 2_000;

/**
 * Reads every surface and judges what it shows. A reader stands at each of them in every state, because the more a
 * reader has seen, the less he may be shown: histories with fewer readers forbid nothing that is allowed here.
 * Between two file operations of one turn there is no state of its own: the agent answers nobody meanwhile, and the
 * files are as before the first or as after a kill.
 * Returns the ledger with what was seen, or throws a Violation.
 */
export function judged(world: World, live: LiveAgent | undefined, code: Code): Ledger {
  const { instant, directory } = world;
  let { ledger } = world;
  const text = printedByHelper(directory.shown, instant.now);
  const printed = text === undefined ? undefined : whole('the fast helper', 'process', text);
  if (live !== undefined) {
    const held = live.store.reader.read().held;
    const answered = held === undefined ? undefined : answerOf(held, world, code);
    if (answered !== undefined) ledger = seenBy('the agent', answered, ledger, soundAt, world);
    ledger = mustBeServed(answered, ledger, world);
    compare(printed, answered, world, live);
    ledger = generationsSeen(ledger, live, held);
    judgeStored(world, live);
    if (directory.leftovers.length > 0) {
      throw new Violation('clean-start', `beside ${directory.leftovers} there is still a temporary`);
    }
  }
  if (printed !== undefined) {
    ledger = seenBy('the fast helper', printed, ledger, (at, { now }) => sinceConfirmed(at, now), world);
  }
  return ledger;
}

const answers = new WeakMap<Held, Shown>();

/** The set that the sockets show: the same on all of them. */
function answerOf(held: Held, { instant }: World, code: Code): Shown {
  const known = answers.get(held);
  if (known !== undefined) return known;
  const { container, credentialProcess } = code.answersFor(held);
  const shown = whole('/v1/credentials', 'container', container.body);
  const others = [
    whole('/v1/credential-process', 'process', credentialProcess.body),
    whole('the IMDS-compatible endpoint', 'imds', code.imdsDocument(held, wallAt(instant))),
  ];
  for (const other of others) {
    if (other.set === shown.set && other.advertised === shown.advertised) continue;
    throw new Violation('surfaces-agree', `one reading shows ${described(shown)} and ${described(other)}`);
  }
  if (held.roleName !== shown.set.role) {
    throw new Violation('whole-sets', `${shown.set.name} is served for the role ${held.roleName}`);
  }
  answers.set(held, shown);
  return shown;
}

function whole(surface: string, shape: Parameters<typeof wholeSet>[0], text: string): Shown {
  const shown = wholeSet(shape, text);
  if (typeof shown === 'string') throw new Violation('whole-sets', `${surface} shows ${text}: ${shown}`);
  return shown;
}

function seenBy(
  surface: string,
  shown: Shown,
  ledger: Ledger,
  nowBy: (confirmed: Entry['confirmed'], instant: World['instant']) => number,
  { instant }: World,
): Ledger {
  const index = ledger.may.findIndex(({ set }) => set === shown.set);
  const entry = ledger.may[index];
  if (entry === undefined) {
    const [newer] = ledger.may;
    const why =
      newer === undefined ? 'nothing may be shown' : `${newer.set.name} was seen or handed over after it`;
    const property = newer === undefined ? 'withdrawn-nowhere' : 'never-back';
    throw new Violation(property, `${surface} shows ${described(shown)}, and ${why}`);
  }
  const now = nowBy(entry.confirmed, instant);
  if (now >= shown.advertised) {
    throw new Violation('not-expired', `${surface} shows ${described(shown)} at ${iso(now)}`);
  }
  if (shown.advertised > entry.until || shown.advertised < shown.set.expires) {
    const allowed = `${iso(shown.set.expires)} to ${iso(entry.until)}`;
    throw new Violation('not-expired', `${surface} shows ${described(shown)}, allowed is ${allowed}`);
  }
  return index === 0 ? ledger : { ...ledger, may: ledger.may.slice(index) };
}

/** The agent serves what it must, exactly; what was drawn by chance within its bounds becomes what it must. */
function mustBeServed(answered: Shown | undefined, ledger: Ledger, { instant }: World): Ledger {
  const { must } = ledger;
  const lasts = must !== undefined && soundAt(must.confirmed, instant) < must.advertised.least;
  if (answered === undefined) {
    if (lasts) {
      throw new Violation('good-set-stays', `the agent refuses, and ${must.set.name} is good`);
    }
    return ledger;
  }
  const { least, most } = must?.advertised ?? { least: 0, most: 0 };
  if (must?.set !== answered.set || answered.advertised < least || answered.advertised > most) {
    const due = must === undefined ? 'nothing' : `${must.set.name} until ${iso(least)} to ${iso(most)}`;
    throw new Violation('good-set-stays', `the agent serves ${described(answered)}, due is ${due}`);
  }
  if (least === most) return ledger;
  const { advertised } = answered;
  return { ...ledger, must: { ...must, advertised: { least: advertised, most: advertised } } };
}

function compare(
  printed: Shown | undefined,
  answered: Shown | undefined,
  world: World,
  live: LiveAgent,
): void {
  const { ledger } = world;
  if (printed === undefined && answered === undefined) return;
  if (printed === undefined) {
    const excused = ledger.diskExcused || ledger.clockExcused || left(world, live) <= HELPER_EARLY_MS;
    if (excused || answered === undefined) return;
    throw new Violation(
      'surfaces-agree',
      `the agent serves ${described(answered)}, and the fast helper has nothing`,
    );
  }
  if (answered === undefined) {
    if (ledger.clockExcused) return;
    throw new Violation(
      'surfaces-agree',
      `the agent refuses, and the fast helper prints ${described(printed)}`,
    );
  }
  if (printed.set === answered.set && printed.advertised === answered.advertised) return;
  const both = `the agent serves ${described(answered)}, the fast helper prints ${described(printed)}`;
  throw new Violation('surfaces-agree', both);
}

/** How long the agent will serve what it serves, by its own account: in its last seconds the helper may differ. */
function left({ instant }: World, live: LiveAgent): number {
  const { held, confirmed } = live.store.state();
  const at = { wall: confirmed.wall - BEGINNING, at: confirmed.monotonic };
  return held === undefined ? 0 : held.advertisedExpiration - BEGINNING - soundAt(at, instant);
}

function generationsSeen(ledger: Ledger, live: LiveAgent, held: Held | undefined): Ledger {
  const { seen } = ledger;
  const { generation } = live.store.state();
  if (generation < seen.generation) {
    throw new Violation('never-back', `the status tells generation ${generation} after ${seen.generation}`);
  }
  if (held === undefined) {
    return generation === seen.generation ? ledger : { ...ledger, seen: { ...seen, generation } };
  }
  const text = `${held.credentials.accessKeyId} until ${formatTimestamp(held.advertisedExpiration)}`;
  const isOther = text !== seen.heldText;
  if (held.generation < seen.heldGeneration || (isOther && held.generation === seen.heldGeneration)) {
    const before = `generation ${seen.heldGeneration} was ${seen.heldText}`;
    throw new Violation('never-back', `generation ${held.generation} is ${text}, ${before}`);
  }
  if (!isOther && generation === seen.generation && held.generation === seen.heldGeneration) return ledger;
  return { ...ledger, seen: { generation, heldGeneration: held.generation, heldText: text } };
}

/** The next run of the agent is a reader too: it must find what this one holds, or nothing. */
function judgeStored({ directory, ledger }: World, live: LiveAgent): void {
  if (directory.stored === undefined) {
    if (!ledger.hasMoved || ledger.diskExcused || live.store.state().held === undefined) return;
    throw new Violation('surfaces-agree', 'nothing is stored, and the agent holds a set');
  }
  const stored = storedState(directory.stored);
  if (typeof stored === 'string') throw new Violation('whole-sets', `the stored state: ${stored}`);
  if (!ledger.hasMoved) return;
  const { held, generation } = live.store.state();
  if (stored.shown?.set.accessKeyId === held?.credentials.accessKeyId && stored.generation === generation)
    return;
  const has = stored.shown === undefined ? 'no set' : described(stored.shown);
  throw new Violation(
    'surfaces-agree',
    `the stored state has ${has} of generation ${stored.generation}, the agent holds ${held?.credentials.accessKeyId} of ${generation}`,
  );
}

function described({ set, advertised }: Shown): string {
  return `${set.name} until ${iso(advertised)}`;
}

function iso(instant: number): string {
  return new Date(BEGINNING + instant).toISOString().slice(11, 23);
}
