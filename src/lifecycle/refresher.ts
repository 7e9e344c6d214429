import type { CheckOutcome } from '../domain/errors.ts';
import { phase, usable } from '../domain/life-state.ts';
import { type Clock, type Log, pause, type Random } from '../domain/ports.ts';
import {
  clockJump,
  delayBeforeNextCheck,
  LONGEST_WAIT_MS,
  type Pace,
  readClock,
  soundNow,
} from '../domain/refresh-policy.ts';
import type { CredentialStore } from './credential-store.ts';

/** Something that can fetch the attached role's credentials. Never rejects: a failure is an outcome. */
export interface CredentialSource {
  check(signal: AbortSignal): Promise<CheckOutcome>;
}

export interface Refresher {
  /** Sends the first check on its way; `start` takes in what it brings. */
  prepare(): void;
  /** Begins the loop: the first check is made at once. */
  start(): void;
  /** Makes the next check now instead of later. */
  checkNow(): void;
  /** Waits by another pace from now on. */
  repace(pace: Pace): void;
  /** When the next check is due, by the monotonic clock; undefined while one is under way. */
  nextCheckAt(): number | undefined;
  /** When the loop last showed life, by the monotonic clock: at most `LONGEST_WAIT_MS` plus one check ago. */
  lastBeat(): number;
  /** Ends the loop, with the check under way given up. Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

export interface RefresherParts {
  readonly source: CredentialSource;
  readonly store: CredentialStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly pace: Pace;
  /** Somebody who wants to see life more often than every `LONGEST_WAIT_MS`. */
  readonly heartbeat?: Heartbeat | undefined;
}

export interface Heartbeat {
  readonly everyMs: number;
  /** Called by the loop itself wherever it goes round: a loop that hangs is silent. */
  beat(): void;
}

/** The one loop that asks IMDS: check, take in, wait. Readers never drive it, so their number costs IMDS nothing. */
export function createRefresher(parts: RefresherParts): Refresher {
  const { source, store, clock, random, log, heartbeat } = parts;
  const longestWaitMs = Math.min(LONGEST_WAIT_MS, heartbeat?.everyMs ?? LONGEST_WAIT_MS);
  let { pace } = parts;
  const stopping = new AbortController();
  let hurry = new AbortController();
  let nextCheckAt: number | undefined;
  let lastBeat = clock.monotonic();
  let compared = readClock(clock);
  let running: Promise<void> | undefined;
  let first: Promise<CheckOutcome> | undefined;

  return {
    prepare() {
      first ??= source.check(stopping.signal);
    },
    start() {
      running ??= run();
    },
    checkNow: () => hurry.abort(),
    repace(next) {
      pace = next;
    },
    nextCheckAt: () => nextCheckAt,
    lastBeat: () => lastBeat,
    async stop() {
      stopping.abort();
      hurry.abort();
      await (running ?? first);
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      nextCheckAt = undefined;
      showLife();
      const outcome = await (first ?? source.check(stopping.signal));
      first = undefined;
      if (stopping.signal.aborted) return;
      store.apply(outcome);
      await waitForNextCheck();
    }
  }

  /** Sleeps in slices, so that neither a suspend nor a stepped clock can make a set outlive its expiration unnoticed. */
  async function waitForNextCheck(): Promise<void> {
    hurry = new AbortController();
    if (stopping.signal.aborted) return;
    nextCheckAt = clock.monotonic() + delayBeforeNextCheck(situation(), pace, random);
    for (;;) {
      showLife();
      const left = nextCheckAt - lastBeat;
      if (left <= 0 || hurry.signal.aborted) return;
      const servedForMs = untilServedEnds();
      await pause(clock, Math.min(left, longestWaitMs, servedForMs), hurry.signal);
      store.observe();
      // At its end IMDS may still give the set, which extends it: consumers should not wait for that.
      const hasEnded = Number.isFinite(servedForMs) && !Number.isFinite(untilServedEnds());
      if (clockJumped() || hasEnded) return;
    }
  }

  function showLife(): void {
    lastBeat = clock.monotonic();
    heartbeat?.beat();
  }

  /** Since the last comparison, so without a gap: a suspend in the middle of a check is noticed by the wait after it. */
  function clockJumped(): boolean {
    const reading = readClock(clock);
    const jump = clockJump(compared, reading);
    compared = reading;
    if (jump === 0) return false;
    log.warn('The clock jumped: checking IMDS now; see chrony', { seconds: Math.round(jump / 1000) });
    return true;
  }

  function situation() {
    const state = store.state();
    const { failures, rolelessChecks } = state;
    return { phase: phase(state, readClock(clock)), failures, rolelessChecks };
  }

  /** Milliseconds until what is served now may be served no more. */
  function untilServedEnds(): number {
    const reading = readClock(clock);
    const state = store.state();
    const held = usable(state, reading);
    return held === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(1, held.advertisedExpiration - soundNow(state.confirmed, reading));
  }
}
