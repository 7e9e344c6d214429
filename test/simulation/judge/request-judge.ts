import type { TransportRequest } from '../../../src/imds/transport.ts';
import { type ImdsAnswer, partOf } from '../imds.ts';
import type { Part } from '../imds-fault.ts';
import type { Scene } from './scene.ts';

const MOST_PER_SECOND = 10;
/** What role list and document may come to in calm: 3 a minute, and one check's two requests at once. */
const CALM_PER_MS = 3 / 60_000;
const CALM_BURST = 2;
/** Rounding of virtual time: a wait of exactly a second may end a hair before it. */
const HAIR_MS = 0.001;
const PARTS: readonly Part[] = ['everything', 'token', 'list', 'document', 'account'];

/** Counts what IMDS gets, from IMDS's side. */
export class RequestJudge {
  readonly #scene: Scene;
  readonly #isCalm: () => boolean;
  readonly #latest: number[] = [];
  readonly #underWay: Record<Part, number> = { everything: 0, token: 0, list: 0, document: 0, account: 0 };
  #credit = CALM_BURST;
  #creditAt = 0;
  requests = 0;
  #betweenChecks = true;
  /** What was asked and answered, in order, as a number. */
  #thisCheck = 0;
  #lastCheck = 0;
  /** Whether the last check asked, and was answered, just as the one before, and so took as long. */
  sameAsBefore = false;
  /** When the last check of the present process began, in elapsed ms. */
  lastCheckAt = Number.NaN;
  checks = 0;
  /** Clocks at the moment when the token in use was asked for. */
  tokenAskedAt = { awake: 0, wall: 0, elapsed: 0 };

  constructor(scene: Scene, isCalm: () => boolean) {
    this.#scene = scene;
    this.#isCalm = isCalm;
  }

  sent({ path }: TransportRequest): void {
    const part = partOf(path);
    const { time, fail } = this.#scene;
    this.requests++;
    this.#underWay[part]++;
    if (part !== 'account' && this.#underWay[part] > 1)
      fail('one-at-a-time', `two requests for the ${part} are under way`);
    if (part === 'token') this.tokenAskedAt = { awake: time.awake, wall: time.wall(), elapsed: time.elapsed };
    if (this.#betweenChecks) {
      this.#betweenChecks = false;
      this.lastCheckAt = time.elapsed;
      this.checks++;
    }
    this.#judgeSecond(time.elapsed);
    if (part === 'list' || part === 'document') this.#judgeCalm(time.elapsed);
  }

  over({ path }: TransportRequest, answer: ImdsAnswer | undefined): void {
    const part = partOf(path);
    this.#underWay[part]--;
    this.#thisCheck = (this.#thisCheck * 31 + PARTS.indexOf(part) * 1_000 + (answer?.status ?? 1)) >>> 0;
    // A token that was no longer good has to be found out, at the price of one request.
    if (answer?.status === 401) this.#credit += 1;
  }

  /** The next request belongs to another check. */
  checkEnded(): void {
    this.sameAsBefore = this.#thisCheck === this.#lastCheck;
    this.#lastCheck = this.#thisCheck;
    this.#thisCheck = 0;
    this.#betweenChecks = true;
  }

  /** Time was skipped: the rhythm of the checks stays as it was. */
  skipped(ms: number): void {
    this.lastCheckAt += ms;
  }

  /** Requests under way now. */
  underWay(): number {
    return Object.values(this.#underWay).reduce((sum, count) => sum + count, 0);
  }

  /**
   * The process that asked is gone, and its connections with it. What it asked in its last second does not count
   * against its successor: how soon that comes is for the service manager to say.
   */
  processEnded(): void {
    this.#latest.length = 0;
    this.#betweenChecks = true;
    this.lastCheckAt = Number.NaN;
    for (const part of Object.keys(this.#underWay) as Part[]) this.#underWay[part] = 0;
  }

  #judgeSecond(now: number): void {
    this.#latest.push(now);
    if (this.#latest.length <= MOST_PER_SECOND) return;
    const eleventhLast = this.#latest.shift() ?? 0;
    if (now - eleventhLast < 1000 - HAIR_MS) {
      this.#scene.fail('request-rate', `${MOST_PER_SECOND + 1} requests within ${now - eleventhLast} ms`);
    }
  }

  #judgeCalm(now: number): void {
    this.#credit = Math.min(CALM_BURST, this.#credit + (now - this.#creditAt) * CALM_PER_MS);
    this.#creditAt = now;
    if (!this.#isCalm()) {
      this.#credit = CALM_BURST;
      return;
    }
    this.#credit -= 1;
    if (this.#credit < 0)
      this.#scene.fail('calm-requests', 'role list or document were asked for too soon again');
  }
}
