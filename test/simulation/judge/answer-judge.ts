import type { Held } from '../../../src/domain/life-state.ts';
import { parseTimestamp } from '../../../src/domain/timestamps.ts';
import { ACCOUNT_ID, type OfferedSet, SECRET_MARK } from '../imds.ts';
import { type Entry, type Ledger, nameOf } from './ledger.ts';
import type { Scene } from './scene.ts';

/** A set as a surface showed it. */
export interface Shown {
  readonly set: OfferedSet;
  /** Epoch ms: the expiration that the consumer is told. */
  readonly advertised: number;
}

type Shape = 'container' | 'process' | 'state';

const FIELDS: Record<Shape, readonly string[]> = {
  container: ['Code', 'AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'],
  process: ['Version', 'AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'],
  state: ['AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'],
};

/** Judges single answers: is it a set, whole; may it be shown now; may it be shown after what was shown before. */
export class AnswerJudge {
  readonly #scene: Scene;
  readonly #ledger: Ledger;
  /** The last texts that were found to be whole: most answers are the same as the one before. */
  readonly #known = new Map<string, Shown>();
  answers = 0;

  constructor(scene: Scene, ledger: Ledger) {
    this.#scene = scene;
    this.#ledger = ledger;
  }

  /** The set in the text, if the text is exactly one whole set; else a violation. */
  wholeSet(surface: string, shape: Shape, text: string): Shown | undefined {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const found = this.#parse(shape, text);
    if (typeof found === 'string') {
      this.#scene.fail('whole-sets', `${surface} answered ${JSON.stringify(text)}: ${found}`);
      return undefined;
    }
    if (this.#known.size > 16) this.#known.clear();
    this.#known.set(text, found);
    return found;
  }

  /** A quick look at what the agent would answer with, before it is made into a text. */
  judgeHeld({ credentials, advertisedExpiration, accountId }: Held): void {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials;
    const set = this.#scene.imds.sets.get(accessKeyId);
    const isWhole =
      set !== undefined &&
      secretAccessKey.reveal() === set.secretAccessKey &&
      sessionToken.reveal() === set.sessionToken &&
      expiration === set.expiration &&
      (accountId === undefined || accountId === ACCOUNT_ID);
    if (!isWhole) {
      this.#scene.fail('whole-sets', `the agent holds parts of another set than ${set?.serial}`);
      return;
    }
    const shown = { set, advertised: advertisedExpiration };
    this.judgeLife('the agent', shown);
    this.judgeShown('the agent', shown, true);
  }

  /** Whether a set may be shown after all that was handed over, and after all that readers have seen. */
  judgeShown(surface: string, shown: Shown, agentIsUp: boolean): void {
    this.answers++;
    const ledger = this.#ledger;
    const entry = ledger.entryOf(shown.set);
    const { fail } = this.#scene;
    if (entry === undefined) {
      fail('whole-sets', `${surface} shows set ${shown.set.serial}, which was never handed over`);
      return;
    }
    if (ledger.withdrawn && (agentIsUp || ledger.withdrawalSeen)) {
      fail(
        'withdrawn-nowhere',
        `${surface} shows ${nameOf(entry)} after ${ledger.rolelessChecks} checks without a role`,
      );
    } else if (entry.order < ledger.seen) {
      fail('never-back', `${surface} shows ${nameOf(entry)} after order ${ledger.seen} was seen`);
    } else if (agentIsUp && entry.order < (ledger.latest?.order ?? 0)) {
      fail('never-back', `${surface} shows ${nameOf(entry)} although a newer one was taken in`);
    }
    ledger.seen = Math.max(ledger.seen, entry.order);
  }

  /** By the agent's own clocks: both of them count. */
  judgeLife(surface: string, shown: Shown): void {
    const entry = this.#ledger.entryOf(shown.set);
    if (entry === undefined) return;
    const fault = this.#lifeFault(shown, entry, this.#ledger.soundNow(entry));
    if (fault !== undefined) this.#scene.fail('not-expired', `${surface} ${fault}`);
  }

  /** By the time since boot alone, which is what the helper has. */
  judgeLifeSinceBoot(surface: string, shown: Shown, agentIsUp: boolean): void {
    const entry = this.#ledger.entryOf(shown.set);
    if (entry === undefined) return;
    const fault = this.#lifeFault(shown, entry, this.#ledger.soundSinceBoot(entry));
    if (fault === undefined) return;
    // An agent that was killed before it could write, or could not, has left what was right before.
    const earlier = this.#ledger.couldNotStore()
      ? { ...entry, longestAdvertised: entry.mostAdvertised }
      : agentIsUp
        ? undefined
        : entry.before;
    const left = earlier && this.#lifeFault(shown, earlier, this.#ledger.soundSinceBoot(earlier));
    if (earlier === undefined || left !== undefined) this.#scene.fail('not-expired', `${surface} ${fault}`);
  }

  #lifeFault({ set, advertised }: Shown, entry: Entry, now: number): string | undefined {
    if (now >= advertised) {
      return `shows ${nameOf(entry)}, advertised until ${iso(advertised)}, at ${iso(now)}`;
    }
    const allowed = this.#scene.history.stability === 'never' ? set.expiration : entry.longestAdvertised;
    if (advertised <= Math.max(allowed, set.expiration)) return undefined;
    return `shows ${nameOf(entry)} until ${iso(advertised)}, allowed until ${iso(allowed)}`;
  }

  #parse(shape: Shape, text: string): Shown | string {
    const document = parseJson(text);
    if (document === undefined) return 'no JSON object';
    const names = Object.keys(document).filter((name) => name !== 'AccountId');
    if (names.join() !== FIELDS[shape].join()) return `its fields are ${names.join()}`;
    if (shape === 'container' && document.Code !== 'Success') return 'its Code is not Success';
    if (shape === 'process' && document.Version !== 1) return 'its Version is not 1';
    if (document.AccountId !== undefined && document.AccountId !== ACCOUNT_ID) return 'another account';
    const set = this.#scene.imds.sets.get(String(document.AccessKeyId));
    if (set === undefined) return 'a key that IMDS never made';
    const session = document.SessionToken ?? document.Token;
    if (document.SecretAccessKey !== set.secretAccessKey || session !== set.sessionToken) {
      return `parts of another set than ${set.serial}`;
    }
    const advertised = parseTimestamp(String(document.Expiration));
    if (advertised === undefined) return 'an Expiration of another shape';
    if (advertised < set.expiration) return `not the Expiration of set ${set.serial}, and sooner`;
    return { set, advertised };
  }
}

export function mentionsSecret(text: string): boolean {
  return text.includes(SECRET_MARK);
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
