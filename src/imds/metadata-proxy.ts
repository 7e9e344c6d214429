import type { MetadataAnswer, MetadataReader } from '../domain/metadata-reader.ts';
import { type Clock, pause } from '../domain/ports.ts';
import { type ClockReading, readClock } from '../domain/refresh-policy.ts';
import type { MetadataRead } from './metadata-read.ts';

export interface MetadataProxy extends MetadataReader {
  /** Gives up what is being asked. */
  close(): void;
}

export interface MetadataProxyParts {
  /** Should try once: who asks again after a failure is the consumer. */
  readonly read: MetadataRead;
  /** What the values live by. */
  readonly clock: Clock;
  /** The real one: what waiting is measured by. */
  readonly networkClock: Clock;
}

interface ItemRule {
  /** After so long IMDS is asked again; while it does not answer, the value is still told. */
  readonly freshMs: number;
  /** What an answer must look like to be passed on. */
  readonly shape: RegExp;
}

const HOUR_MS = 3_600_000;
/** Nothing about the instance itself changes while it runs. */
const STATIC: ItemRule = { freshMs: 6 * HOUR_MS, shape: /^[\x21-\x7e]{1,256}$/ };
const STATIC_DOCUMENT: ItemRule = { freshMs: 6 * HOUR_MS, shape: /^\s*\{.{0,16383}\}\s*$/s };

/**
 * All that is ever passed on. What IMDS holds beside it, user data above all, is not for everybody who can connect, and
 * a path of the consumer's choice never reaches IMDS.
 */
const ITEMS: ReadonlyMap<string, ItemRule> = new Map([
  ['meta-data/instance-id', STATIC],
  ['meta-data/placement/region', STATIC],
  ['meta-data/placement/availability-zone', STATIC],
  ['meta-data/placement/availability-zone-id', STATIC],
  ['meta-data/services/partition', STATIC],
  ['meta-data/services/domain', STATIC],
  ['dynamic/instance-identity/document', STATIC_DOCUMENT],
  // Changes with the attached instance profile, which the agent too notices within a minute.
  ['meta-data/iam/info', { ...STATIC_DOCUMENT, freshMs: 60_000 }],
]);

const ABSENT_MS = 60_000;
/** However many ask, IMDS is asked for an item that it does not give at this interval at most. */
const UNAVAILABLE_MS = 5_000;

interface Known {
  readonly answer: MetadataAnswer;
  readonly askedAt: ClockReading;
  readonly freshMs: number;
}

/**
 * Items of the instance's metadata through the agent's own client: with a token, whatever the consumer came with, one
 * request at a time for each, and kept. This is the one place where a consumer's question can cause a request to IMDS.
 */
export function createMetadataProxy({ read, clock, networkClock }: MetadataProxyParts): MetadataProxy {
  const known = new Map<string, Known>();
  const underWay = new Map<string, Promise<MetadataAnswer>>();
  const closing = new AbortController();

  return {
    read(item, maxWaitMs) {
      const rule = ITEMS.get(item);
      return rule && settled(item, rule, maxWaitMs);
    },
    close: () => closing.abort(),
  };

  async function settled(item: string, rule: ItemRule, maxWaitMs: number): Promise<MetadataAnswer> {
    const kept = known.get(item);
    if (kept !== undefined && age(kept.askedAt, readClock(clock)) < kept.freshMs) return kept.answer;
    const asking = ask(item, rule);
    const waited = new AbortController();
    try {
      const answer = await Promise.race([asking, pause(networkClock, maxWaitMs, waited.signal)]);
      return answer ?? (isFound(kept) ? kept.answer : 'unavailable');
    } finally {
      waited.abort();
    }
  }

  function ask(item: string, rule: ItemRule): Promise<MetadataAnswer> {
    const asking =
      underWay.get(item) ??
      fetchItem(item, rule).then((answer) => {
        underWay.delete(item);
        return keep(item, rule, answer);
      });
    underWay.set(item, asking);
    return asking;
  }

  async function fetchItem(item: string, rule: ItemRule): Promise<MetadataAnswer> {
    try {
      const text = await read(`/latest/${item}`, closing.signal);
      if (text === undefined) return 'absent';
      const value = rule === STATIC ? text.trim() : text;
      return rule.shape.test(value) ? { found: value } : 'unavailable';
    } catch {
      // The check of IMDS that runs beside meets the same trouble, and reports it.
      return 'unavailable';
    }
  }

  /** A failure does not take away a value that was known. */
  function keep(item: string, rule: ItemRule, fetched: MetadataAnswer): MetadataAnswer {
    const kept = known.get(item);
    const answer = fetched === 'unavailable' && isFound(kept) ? kept.answer : fetched;
    const freshMs =
      fetched === 'unavailable' ? UNAVAILABLE_MS : fetched === 'absent' ? ABSENT_MS : rule.freshMs;
    known.set(item, { answer, askedAt: readClock(clock), freshMs });
    return answer;
  }
}

function isFound(known: Known | undefined): known is Known & { answer: { found: string } } {
  return known !== undefined && typeof known.answer === 'object';
}

/** By the clock that says more: the monotonic one stands still in a suspend, the wall clock can be stepped back. */
function age(since: ClockReading, now: ClockReading): number {
  return Math.max(now.monotonic - since.monotonic, now.wall - since.wall);
}
