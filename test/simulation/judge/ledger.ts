import { formatTimestamp } from '../../../src/domain/timestamps.ts';
import type { ImdsAnswer, OfferedSet } from '../imds.ts';
import type { Part } from '../imds-fault.ts';
import { LONGEST_CHECK_MS, LONGEST_SLICE_MS, type Scene } from './scene.ts';

/** When a set was last handed to the agent as a whole, by all clocks, and what may be made of it. */
export interface Entry {
  readonly set: OfferedSet;
  /** Rises with every set that takes another one's place. */
  readonly order: number;
  readonly wall: number;
  readonly awake: number;
  readonly elapsed: number;
  /** The wall clock less the elapsed time, when the set was handed over first. */
  readonly firstOffset: number;
  /** Epoch ms: no later expiration may be advertised. The true one, unless the rules have extended it. */
  readonly longestAdvertised: number;
  /** Epoch ms: until then the set has to be served. */
  readonly mustServeUntil: number;
  /** The latest that was ever allowed to be advertised. */
  readonly mostAdvertised: number;
  /** The most that the wall clock was ahead of the elapsed time when the set was taken up from the stored state. */
  readonly takenUpOffset: number;
  /** The same for the clock by which it was extended: the stored deadline counts by that one. */
  readonly extendedOffset: number;
  /** How often the set was taken up from the stored state: each time costs it some hundredths. */
  readonly timesStored: number;
  /** What was known of the set before it was handed over again. */
  readonly before?: Entry | undefined;
}

/** A stored set is measured by a clock of hundredths, twice: its life may be this much shorter. */
const BOOT_CLOCK_STEPS_MS = 20;
const LONGEST_EXTENSION_MS = 15 * 60_000 + BOOT_CLOCK_STEPS_MS;
/** An extension is renewed when less than this is left of it, so this much is always served. */
const LEAST_EXTENSION_MS = 2.5 * 60_000;
/** From a step of the clock until the agent has noticed it. */
const LONGEST_UNNOTICED_MS = LONGEST_SLICE_MS + LONGEST_CHECK_MS;
const CHECKS_UNTIL_DETACHED = 3;
/** Handed over again: no earlier clock counts any more. */
const CONFIRMED = { takenUpOffset: Number.NEGATIVE_INFINITY, extendedOffset: Number.NEGATIVE_INFINITY };

/**
 * What the agent has been handed, kept from IMDS's side of the wire: by this, and not by anything that the agent says,
 * is judged what it may serve, must serve, and must not serve any more.
 */
export class Ledger {
  readonly #scene: Scene;
  readonly #entries = new Map<OfferedSet, Entry>();
  #order = 0;
  /** When what is to be stored changed last, in elapsed ms. */
  #changedAt = 0;
  /** What counts now: the last set that was handed over and accepted. */
  latest: Entry | undefined;
  /** Whether the present run of the agent has taken `latest` in, from IMDS or from its stored state. */
  runHasIt = false;
  withdrawn = false;
  /** Whether any reader was refused because of that. */
  withdrawalSeen = false;
  rolelessChecks = 0;
  /** Whether the run's last check brought nothing of use; undefined before its first one. */
  lastCheckBad: boolean | undefined;
  /** The highest order that any reader has seen on any surface. */
  seen = 0;
  #ended = { at: 0, inWrite: false };
  #brought: OfferedSet | undefined;
  #foundNoRole = false;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  entryOf(set: OfferedSet): Entry | undefined {
    return this.#entries.get(set);
  }

  /** The later of what wall clock and monotonic clock say has passed since the set was handed over. */
  soundNow(entry: Entry): number {
    const { time } = this.#scene;
    return Math.max(time.wall(), entry.wall + time.awake - entry.awake);
  }

  /**
   * The same for who has neither clock, but the time since boot. It counts suspends too: all of them, unless the wall
   * clock was stepped back since; with both, no clock of the agent knows how long it slept.
   */
  soundSinceBoot(entry: Entry): number {
    const { time } = this.#scene;
    const steppedBack = time.steppedBack.some(({ at }) => at >= entry.elapsed);
    const sound = entry.wall + (steppedBack ? time.awake - entry.awake : time.elapsed - entry.elapsed);
    // Where nothing could be written, what the file says is as old as the set.
    return this.couldNotStore() ? Math.min(sound, entry.firstOffset + time.elapsed) : sound;
  }

  /** Whether the present run has to serve `latest` at this moment. */
  mustServe(): boolean {
    const { latest } = this;
    if (latest === undefined || !this.runHasIt || this.withdrawn) return false;
    // By the clock that says most, since the set came first: while none of them has it expired, nobody may refuse it.
    const { elapsed } = this.#scene.time;
    const sinceBoot = Math.max(latest.wall - latest.elapsed, latest.firstOffset) + elapsed;
    return Math.max(this.#latestNow(latest), sinceBoot) < latest.mustServeUntil;
  }

  /**
   * What an agent may take for now that has taken the set up from its stored state. The wall clock of a warm restart
   * counts, also once it was stepped back: whoever starts can tell no clock that is ahead now from one that was behind
   * when the set was stored, and with the latter the set has expired.
   */
  #latestNow(entry: Entry): number {
    return Math.max(this.soundNow(entry), entry.takenUpOffset + this.#scene.time.elapsed);
  }

  exchangeOver(part: Part, answer: ImdsAnswer | undefined): void {
    if (part === 'list') {
      const { onlyRole } = this.#scene.history;
      const mismatch = onlyRole !== '' && answer?.lists !== undefined && answer.lists !== onlyRole;
      this.#foundNoRole = answer?.status === 404 || mismatch;
    }
    if (part === 'document' && answer?.set !== undefined) this.#brought = answer.set;
  }

  /**
   * To be called when the agent has taken in what a check brought. In the last hundredths of a stored set's life either
   * is right, to keep it or to let it go: there alone, `heldKey` tells what the agent did.
   */
  checkEnded(heldKey: string | undefined): void {
    const brought = this.#brought;
    const foundNoRole = this.#foundNoRole;
    this.#brought = undefined;
    this.#foundNoRole = false;
    this.lastCheckBad = brought === undefined || brought.expiration <= this.#scene.time.wall();
    if (foundNoRole && brought === undefined) this.#noRole();
    else {
      this.rolelessChecks = 0;
      if (brought === undefined) this.#failed();
      else if (brought.expiration > this.#scene.time.wall()) this.#accept(brought, brought.expiration);
      else this.#expired(brought, heldKey);
    }
  }

  /** A run begins with what its predecessor stored, if that is still of use; `stored` is what the file says. */
  runStarted(stored: OfferedSet | undefined, advertised: number): void {
    this.rolelessChecks = 0;
    this.lastCheckBad = undefined;
    this.#brought = undefined;
    this.#foundNoRole = false;
    this.runHasIt = false;
    const entry = stored && this.#entries.get(stored);
    if (entry === undefined) return;
    if (this.withdrawn && this.withdrawalSeen && !this.couldNotStore()) return;
    const { onlyRole } = this.#scene.history;
    if (onlyRole !== '' && entry.set.roleName !== onlyRole) return;
    const { time } = this.#scene;
    const sinceExtended = entry.extendedOffset + time.elapsed + lostByStoring(entry);
    if (Math.max(this.soundNow(entry), sinceExtended) >= advertised) return;
    // What no reader has seen may be lost with the run that held it, and what could not be written is lost too.
    const lost = this.seen < (this.latest?.order ?? 0) || this.couldNotStore();
    if (entry !== this.latest && !lost) return;
    this.seen = Math.min(this.seen, entry.order);
    const timesStored = entry.timesStored + 1;
    const mustServeUntil = this.#mayBeStoredShorter(entry)
      ? 0
      : entry.mustServeUntil - BOOT_CLOCK_STEPS_MS * timesStored;
    const takenUpOffset = Math.max(entry.takenUpOffset, entry.extendedOffset, time.wall() - time.elapsed);
    this.#put({ ...entry, mustServeUntil, timesStored, takenUpOffset }, entry.before);
    this.runHasIt = true;
    this.withdrawn = false;
  }

  /** @param inWrite killed in the middle of a write, so that it was not made */
  runEnded(inWrite: boolean): void {
    this.#ended = { at: this.#scene.time.elapsed, inWrite };
  }

  /**
   * Whether what was stored of a set may be how long it is good by a wall clock that was ahead and was set right since: the
   * run had no time to notice, or was killed while it stored that, or had the set end by that clock. The next run cannot know
   * better, and may refuse the set too early until IMDS hands it over again. Never too late: that is judged all the same.
   */
  #mayBeStoredShorter({ elapsed, mustServeUntil }: Entry): boolean {
    const { steppedBack } = this.#scene.time;
    const since = steppedBack.filter(({ at }) => at >= elapsed);
    const { at: endedAt, inWrite } = this.#ended;
    return since.some(
      ({ at, wall }) => inWrite || at >= endedAt - LONGEST_UNNOTICED_MS || wall >= mustServeUntil,
    );
  }

  /** Whether the disk was read-only since what counts changed: then nobody could take back what is on it. */
  couldNotStore(): boolean {
    return this.#scene.files.readOnlyUntil() >= this.#changedAt;
  }

  #noRole(): void {
    this.rolelessChecks += 1;
    if (this.runHasIt && this.rolelessChecks >= CHECKS_UNTIL_DETACHED) {
      this.#changedAt = this.#scene.time.elapsed;
      this.withdrawn = true;
      this.withdrawalSeen = false;
      this.runHasIt = false;
    }
  }

  #failed(): void {
    const { latest } = this;
    if (this.#scene.history.stability !== 'always' || latest === undefined || !this.runHasIt) return;
    const isOver = this.#latestNow(latest) >= latest.set.expiration - lostByStoring(latest);
    if (isOver) this.#extend(latest, latest);
  }

  #expired(brought: OfferedSet, heldKey: string | undefined): void {
    const { latest } = this;
    if (this.#scene.history.stability === 'never') return;
    if (latest !== undefined && this.runHasIt) {
      const left = latest.set.expiration - this.soundNow(latest);
      if (left > lostByStoring(latest) || (left > 0 && heldKey !== brought.accessKeyId)) return;
    }
    const accepted = this.#accept(brought, brought.expiration);
    this.#extend(accepted, accepted.before);
  }

  #accept(set: OfferedSet, until: number): Entry {
    const { time } = this.#scene;
    const { wall, awake, elapsed } = { wall: time.wall(), awake: time.awake, elapsed: time.elapsed };
    const isSame = set === this.latest?.set && !this.withdrawn && this.runHasIt;
    if (!isSame) this.#changedAt = elapsed;
    const order = set === this.latest?.set && !this.withdrawn ? this.latest.order : ++this.#order;
    this.withdrawn = false;
    this.runHasIt = true;
    const before = this.#entries.get(set);
    const { firstOffset = wall - elapsed, timesStored = 0, mostAdvertised = until } = before ?? {};
    const life = { longestAdvertised: until, mustServeUntil: until, mostAdvertised, timesStored };
    return this.#put({ set, order, wall, awake, elapsed, firstOffset, ...life, ...CONFIRMED }, before);
  }

  #extend(entry: Entry, before: Entry | undefined): void {
    const now = this.soundNow(entry);
    const longestAdvertised = Math.max(
      entry.longestAdvertised,
      this.#latestNow(entry) + LONGEST_EXTENSION_MS,
    );
    const isOver = now >= entry.set.expiration;
    const mustServeUntil = isOver ? now + LEAST_EXTENSION_MS : entry.mustServeUntil;
    const mostAdvertised = Math.max(entry.mostAdvertised, longestAdvertised);
    const extendedOffset = now - this.#scene.time.elapsed;
    this.#put({ ...entry, longestAdvertised, mostAdvertised, mustServeUntil, extendedOffset }, before);
  }

  #put(entry: Entry, before: Entry | undefined): Entry {
    const put = { ...entry, before: before && { ...before, before: undefined } };
    this.#entries.set(entry.set, put);
    this.latest = put;
    return put;
  }
}

/** The hundredths that a clock of hundredths takes from a set's life, each time that it was taken up. */
function lostByStoring({ timesStored }: Entry): number {
  return BOOT_CLOCK_STEPS_MS * Math.max(1, timesStored);
}

export function nameOf({ set, order }: Entry): string {
  return `set ${set.serial} of ${set.roleName} (order ${order}, expires ${formatTimestamp(set.expiration)})`;
}
