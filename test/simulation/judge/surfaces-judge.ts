import { COLD_START_HOLD_MS } from '../../../src/domain/reader.ts';
import { soundNow } from '../../../src/domain/refresh-policy.ts';
import { refusalJson } from '../../../src/domain/wire-formats.ts';
import type { AgentRun } from '../agent-run.ts';
import { askSocket, PROCESS_FILE, readWithHelper, type SocketAnswer, STATE_FILE } from '../surfaces.ts';
import { type AnswerJudge, mentionsSecret, type Shown } from './answer-judge.ts';
import { type Ledger, nameOf } from './ledger.ts';
import { LONGEST_SLICE_MS, type Scene } from './scene.ts';

/** The process file's deadline is in whole seconds, cut: the helper may stop this much before the agent does. */
const HELPER_EARLY_MS = 2_000;

/** Reads every surface at one moment, judges each answer, and holds them against each other. */
export class SurfacesJudge {
  readonly #scene: Scene;
  readonly #ledger: Ledger;
  readonly #answers: AnswerJudge;
  #generation = 0;
  #heldGeneration = 0;
  #heldText = '';
  #storedVersion = -1;
  /** By `awake`: until then a surface that hangs on the wall clock, or on the disk, may lag behind. */
  #clockExcusedUntil = 0;
  #diskExcusedUntil = 0;
  waiting = 0;

  constructor(scene: Scene, ledger: Ledger, answers: AnswerJudge) {
    this.#scene = scene;
    this.#ledger = ledger;
    this.#answers = answers;
  }

  clockStepped(): void {
    this.#clockExcusedUntil = this.#scene.time.awake + LONGEST_SLICE_MS + 1;
  }

  /** After a full or read-only disk, the next check puts everything in its place. */
  diskWell(allowanceMs: number): void {
    this.#diskExcusedUntil = this.#scene.time.awake + allowanceMs;
  }

  rebooted(): void {
    this.#generation = 0;
    this.#heldGeneration = 0;
    this.#heldText = '';
  }

  /** What the helper prints, with or without an agent. */
  readHelper(agentIsUp: boolean): string | undefined {
    const text = readWithHelper(this.#scene.files, this.#scene.time);
    if (text === undefined) return undefined;
    const shown = this.#answers.wholeSet('the fast helper', 'process', text);
    if (shown === undefined) return text;
    this.#answers.judgeLifeSinceBoot('the fast helper', shown, agentIsUp);
    // What was on a disk that nobody could write stays there until its own deadline, or until the agent is up again.
    const excused = this.#diskExcused() || (!agentIsUp && this.#ledger.couldNotStore());
    if (!excused) this.#answers.judgeShown('the fast helper', shown, agentIsUp);
    return text;
  }

  /** Every surface of a living agent. The answers are judged when they are there: in this moment, but for a cold agent. */
  readAll(run: AgentRun): void {
    const { fail, time } = this.#scene;
    const began = time.awake;
    this.waiting++;
    void askSocket(run.core.store.reader).then((answer) => {
      if (!run.alive) return;
      this.waiting--;
      const took = time.awake - began;
      if (took > COLD_START_HOLD_MS) fail('answers-in-time', `a reader waited for ${took} ms`);
      const shown = this.#judgeSocket(answer);
      const text = answer.refusal === undefined ? answer.process : undefined;
      this.#compare(run, this.readHelper(true), text, shown);
      this.#judgeStatus(run, shown !== undefined);
    });
    this.#judgeStored();
    this.#judgeModes();
  }

  #judgeSocket(answer: SocketAnswer): Shown | undefined {
    const { fail } = this.#scene;
    const { latest } = this.#ledger;
    if (answer.refusal !== undefined) {
      this.#ledger.withdrawalSeen ||= this.#ledger.withdrawn;
      const text = refusalJson(answer.refusal);
      if (mentionsSecret(text)) fail('no-secret-told', `a refusal holds one: ${text}`);
      if (this.#ledger.mustServe() && latest !== undefined) {
        fail('good-set-stays', `the agent refuses with ${text}, and ${nameOf(latest)} is good`);
      }
      return undefined;
    }
    const container = this.#answers.wholeSet('/v1/credentials', 'container', answer.container);
    const process = this.#answers.wholeSet('/v1/credential-process', 'process', answer.process);
    if (container === undefined || process === undefined) return undefined;
    if (container.set !== process.set || container.advertised !== process.advertised) {
      fail('surfaces-agree', `one reading was answered with ${answer.container} and ${answer.process}`);
    }
    this.#answers.judgeLife('the agent socket', process);
    this.#answers.judgeShown('the agent socket', process, true);
    return process;
  }

  #compare(
    run: AgentRun,
    helper: string | undefined,
    text: string | undefined,
    shown: Shown | undefined,
  ): void {
    const { time, fail } = this.#scene;
    if (this.#diskExcused()) return;
    if (helper !== undefined && text === undefined && time.awake >= this.#clockExcusedUntil) {
      fail('surfaces-agree', `the agent refuses, and the fast helper prints ${helper}`);
    }
    if (helper !== undefined && text !== undefined && helper !== text) {
      fail('surfaces-agree', `the agent answers ${text}, and the fast helper prints ${helper}`);
    }
    if (helper !== undefined || shown === undefined || time.awake < this.#clockExcusedUntil) return;
    const reading = { wall: time.wall(), monotonic: time.awake };
    const left = shown.advertised - soundNow(run.core.store.state().confirmed, reading);
    if (left > HELPER_EARLY_MS)
      fail('surfaces-agree', `the agent answers ${text}, and there is no process file`);
  }

  #judgeStatus(run: AgentRun, isServing: boolean): void {
    const { fail } = this.#scene;
    const status = run.status();
    for (const value of Object.values(status)) {
      if (typeof value === 'string' && mentionsSecret(value)) fail('no-secret-told', 'the status holds one');
    }
    if (status.serving !== isServing)
      fail('status-tells', `serving is ${status.serving}, and consumers are not told so`);
    const troubled = this.#ledger.lastCheckBad;
    if (troubled !== undefined && (status.condition === 'degraded') !== troubled) {
      fail('status-tells', `the condition is ${status.condition} after a ${troubled ? 'bad' : 'good'} check`);
    }
    if (troubled === true && typeof status.reason !== 'string')
      fail('status-tells', 'degraded without a reason');
    if (status.role !== undefined && this.#ledger.withdrawn)
      fail('withdrawn-nowhere', 'the status names the role');
    this.#judgeGenerations(run, status.generation);
  }

  #judgeGenerations(run: AgentRun, generation: number): void {
    const { fail } = this.#scene;
    const held = run.core.store.reader.read().held;
    if (generation < this.#generation)
      fail('never-back', `generation ${generation} after ${this.#generation}`);
    this.#generation = generation;
    if (held === undefined) return;
    const text = `${held.credentials.accessKeyId} ${held.advertisedExpiration} ${held.accountId}`;
    const changed = text !== this.#heldText;
    if (held.generation < this.#heldGeneration || (changed && held.generation === this.#heldGeneration)) {
      fail(
        'never-back',
        `generation ${held.generation} is ${text}, generation ${this.#heldGeneration} was ${this.#heldText}`,
      );
    }
    this.#heldGeneration = held.generation;
    this.#heldText = text;
  }

  /** The stored state is a surface too: the next run of the agent reads it. */
  #judgeStored(): void {
    const { files, fail } = this.#scene;
    if (files.version === this.#storedVersion || files.isTampered(STATE_FILE)) return;
    this.#storedVersion = files.version;
    const text = files.all.get(STATE_FILE)?.content;
    if (text === undefined) return;
    const stored = storedSet(text);
    if (stored === 'odd') fail('whole-sets', `the stored state is ${text}`);
    else if (stored !== undefined) this.#answers.wholeSet('the stored state', 'state', stored);
  }

  #judgeModes(): void {
    const { files, fail } = this.#scene;
    const stored = files.all.get(STATE_FILE)?.mode ?? 0o600;
    const shown = files.all.get(PROCESS_FILE)?.mode ?? 0o640;
    if (stored !== 0o600 || shown !== 0o640)
      fail('no-secret-told', 'a file is open to more than its readers');
  }

  #diskExcused(): boolean {
    const { files, time } = this.#scene;
    return files.state !== 'well' || time.awake < this.#diskExcusedUntil;
  }
}

/** The stored set, in the shape of an answer; undefined where there is none. */
export function storedSet(text: string): string | undefined {
  try {
    const state = JSON.parse(text) as {
      version?: unknown;
      generation?: unknown;
      held?: Record<string, unknown>;
    };
    if (state.version !== 2 || typeof state.generation !== 'number') return 'odd';
    if (state.held === undefined) return undefined;
    const { accessKeyId, secretAccessKey, sessionToken, advertisedExpiration, accountId } = state.held;
    return JSON.stringify({
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: advertisedExpiration,
      AccountId: accountId,
    });
  } catch {
    return 'odd';
  }
}
