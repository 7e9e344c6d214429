import type { LogFields } from '../../../src/domain/ports.ts';
import { mentionsSecret } from './answer-judge.ts';
import type { Scene } from './scene.ts';

export type Level = 'error' | 'warn' | 'info' | 'debug';

/** More different lines than this about one change of the world, and it is no longer telling but chatter. */
const MOST_LINES_PER_CHANGE = 8;
const CALM_AFTER_MS = 600_000;

/** Reads the log as people do who are paged by it. */
export class LogJudge {
  readonly #scene: Scene;
  readonly #isRefusing: () => boolean;
  readonly #told = new Set<string>();
  #offered = 0;
  #changedAt = 0;
  lines = 0;

  /** @param isRefusing whether consumers get no credentials at this moment */
  constructor(scene: Scene, isRefusing: () => boolean) {
    this.#scene = scene;
    this.#isRefusing = isRefusing;
  }

  /** Something happened that is worth a line. */
  worldChanged(): void {
    this.#told.clear();
    this.#changedAt = this.#scene.time.elapsed;
  }

  line(level: Level, message: string, fields: LogFields = {}): void {
    const { fail } = this.#scene;
    this.#judgeSecrets(message, fields);
    if (level === 'debug') return;
    this.lines++;
    this.#noticeRotation();
    const told = `${level} ${message} ${fields.key ?? ''}`;
    if (this.#told.has(told)) fail('log-once', `told again, and nothing has changed: ${told}`);
    this.#told.add(told);
    if (this.#told.size > MOST_LINES_PER_CHANGE) {
      fail('log-once', `${this.#told.size} lines since the last change: ${[...this.#told].join(' | ')}`);
    }
    this.#judgeLevel(level, message);
  }

  #judgeLevel(level: Level, message: string): void {
    const { time, fail, imds, files } = this.#scene;
    if (level === 'error' && !this.#isRefusing()) {
      fail('log-level', `an error, and consumers are served: ${message}`);
    }
    const unusual = imds.faults.size > 0 || files.state !== 'well' || time.wallOffset !== 0;
    if (level !== 'info' && !unusual && time.elapsed - this.#changedAt > CALM_AFTER_MS) {
      fail('log-level', `${level} where nothing unusual happened: ${message}`);
    }
  }

  #judgeSecrets(message: string, fields: LogFields): void {
    let secret = mentionsSecret(message);
    for (const value of Object.values(fields)) secret ||= typeof value === 'string' && mentionsSecret(value);
    if (secret) this.#scene.fail('no-secret-told', `the log line ${message} ${JSON.stringify(fields)}`);
  }

  /** A new set is worth lines, and nothing unusual. */
  #noticeRotation(): void {
    const serial = this.#scene.imds.offer()?.serial ?? 0;
    if (serial !== this.#offered) this.#told.clear();
    this.#offered = serial;
  }
}
