import type { CheckOutcome } from '../domain/errors.ts';
import {
  afterCheck,
  type Held,
  initialState,
  type LifeState,
  type StaticStability,
  usable,
} from '../domain/life-state.ts';
import type { Clock, Random } from '../domain/ports.ts';
import { type CredentialReader, type Reading, readingOf } from '../domain/reader.ts';
import { readClock, soundNow } from '../domain/refresh-policy.ts';
import type { Soon } from '../domain/soon.ts';

/** What is told to those who push credentials out (files) or write the log, in the same turn as the change. */
export interface Change {
  readonly before: LifeState;
  readonly after: LifeState;
  /** What may be served from now on; undefined when nothing may. */
  readonly served: Held | undefined;
  /** For how long, in ms, unless something changes before; 0 when nothing may. */
  readonly servedForMs: number;
}

export interface CredentialStore {
  readonly reader: CredentialReader;
  state(): LifeState;
  /** What a listener would be told now. */
  current(): Change;
  /** Takes in what a check brought. The refresher alone calls this. */
  apply(outcome: CheckOutcome): void;
  /** Takes up a set that an earlier run of the agent left, before the first check: it has `forMs` left. */
  adopt(held: Held, forMs: number): void;
  /** Notices that time alone has ended what was served: to be called when the advertised expiration is reached. */
  observe(): void;
  /** Calls the listener at every change of state and at every expiration. Returns the way to stop that. */
  subscribe(listener: (change: Change) => void): () => void;
}

export interface StoreParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly stability: StaticStability;
  /** Generations start above this, so that a restart never goes back to one that a reader has seen. */
  readonly firstGeneration: number;
  /** Told of a listener that threw: one failing sink must not stop the others, nor the refresher. */
  readonly onListenerError: (error: unknown) => void;
}

/** Holds the current state and replaces it whole. One writer, many readers. */
export function createCredentialStore(parts: StoreParts): CredentialStore {
  const { clock, random, stability } = parts;
  const listeners = new Set<(change: Change) => void>();
  const waiting = new Set<() => void>();
  let state = initialState(parts.firstGeneration, readClock(clock));
  let served: Held | undefined;

  return {
    reader: { read, readSettled },
    state: () => state,
    current: () => changeSince(state),
    apply(outcome) {
      moveTo(afterCheck(state, outcome, readClock(clock), stability, random));
    },
    adopt(held, forMs) {
      const generation = Math.max(held.generation, state.generation);
      const confirmed = { wall: held.advertisedExpiration - forMs, monotonic: clock.monotonic() };
      moveTo({ ...state, generation, held: { ...held, generation }, confirmed });
    },
    observe() {
      if (usable(state, readClock(clock)) !== served) moveTo(state);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  function read(): Reading {
    return readingOf(state, readClock(clock));
  }

  function readSettled(maxWaitMs: number): Soon<Reading> {
    if (!firstFetchUnderWay()) return read();
    const { promise, resolve } = Promise.withResolvers<Reading>();
    const cancel = clock.setTimer(maxWaitMs, finish);
    waiting.add(finish);
    return promise;

    function finish(): void {
      cancel();
      waiting.delete(finish);
      resolve(read());
    }
  }

  function firstFetchUnderWay(): boolean {
    return state.held === undefined && state.lastCheck === undefined;
  }

  function moveTo(after: LifeState): void {
    const before = state;
    state = after;
    const change = changeSince(before);
    served = change.served;
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        parts.onListenerError(error);
      }
    }
    for (const finish of [...waiting]) finish();
  }

  function changeSince(before: LifeState): Change {
    const reading = readClock(clock);
    const served = usable(state, reading);
    const servedForMs =
      served === undefined ? 0 : served.advertisedExpiration - soundNow(state.confirmed, reading);
    return { before, after: state, served, servedForMs };
  }
}
