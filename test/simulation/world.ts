import type { Settings } from '../../src/config/settings.ts';
import type { Change } from '../../src/lifecycle/credential-store.ts';
import { Agenda } from './agenda.ts';
import { AgentRun, type Machine } from './agent-run.ts';
import type { History } from './history.ts';
import { type OfferedSet, partOf, SimulatedImds } from './imds.ts';
import { AnswerJudge } from './judge/answer-judge.ts';
import { type Doing, FreshnessJudge } from './judge/freshness-judge.ts';
import type { Invariant, Violation } from './judge/invariants.ts';
import { Ledger } from './judge/ledger.ts';
import { LogJudge } from './judge/log-judge.ts';
import { RequestJudge } from './judge/request-judge.ts';
import { LONGEST_SLICE_MS, type Scene } from './judge/scene.ts';
import { SurfacesJudge, storedSet } from './judge/surfaces-judge.ts';
import { MemoryFiles } from './memory-files.ts';
import { seeded } from './seeded.ts';
import { PROCESS_FILE, STATE_FILE } from './surfaces.ts';
import { BEGINNING, VirtualTime } from './virtual-time.ts';

export interface WorldOptions {
  /** `none` puts every random delay of the agent in its middle, so that two runs of a history can be compared. */
  readonly jitter: 'random' | 'none';
  /** Told of every log line and every reading, for comparison. */
  readonly trace?: ((line: string) => void) | undefined;
  readonly only?: Invariant | undefined;
}

/** Not the middle itself: waits of whole seconds would meet what a history has at whole seconds, in the same instant. */
const MIDDLING = 0.487_316_9;
/** A service manager starts what could not start again after this long. */
const RESTART_MS = 5_000;
const MOST_TIMERS = 8;
const MOST_EXCHANGES = 3;
/** From its end on, within this the agent's loop shows life: the longest slice, and a check. */
const LONGEST_SILENCE_MS = LONGEST_SLICE_MS + 8_000;
/** Under these no check is like another. */
export const UNSTEADY: ReadonlySet<string> = new Set(['flaky', 'slow', 'token-storm']);
/** Checks are never passed over in this part of a set's life, so what is planned in it is planned in time. */
export const LATE_LIFE_MS = 5 * 60_000;

/** One machine with its IMDS, its runtime directory, its agent, and everybody who watches them. */
export class World {
  readonly history: History;
  readonly time = new VirtualTime();
  readonly files = new MemoryFiles(() => this.time.elapsed);
  readonly agenda = new Agenda();
  readonly imds: SimulatedImds;
  readonly violations: Violation[] = [];
  readonly ledger: Ledger;
  readonly answers: AnswerJudge;
  readonly requests: RequestJudge;
  readonly log: LogJudge;
  readonly freshness: FreshnessJudge;
  readonly surfaces: SurfacesJudge;
  run: AgentRun | undefined;
  /** Checks in a row that changed nothing but counters: see `skip.ts`. */
  steadyChecks = 0;
  /** Called at each request, after IMDS has worked out its answer and before the agent gets it. */
  onRequest: (() => void) | undefined;
  readonly #machine: Machine;
  readonly #trace: ((line: string) => void) | undefined;
  #checkEnded: Change | undefined;
  #shownSerial = 0;
  #changedAt = 0;
  #watchedEnd = 0;
  /** How often IMDS had been asked when the reading of this moment began; undefined where nothing was read. */
  #requestsAtReading: number | undefined;

  constructor(history: History, settings: Settings, { jitter, trace, only }: WorldOptions) {
    const { time, files } = this;
    const fail = (invariant: Invariant, what: string) => {
      if (only !== undefined && invariant !== only) return;
      this.violations.push({ invariant, at: new Date(time.awsNow()).toISOString(), what });
    };
    this.history = history;
    this.#trace = trace;
    this.imds = new SimulatedImds(time, seeded(history.seed, 1), history.rhythm, history.role ?? undefined);
    const scene: Scene = { history, time, files, imds: this.imds, fail };
    this.ledger = new Ledger(scene);
    this.answers = new AnswerJudge(scene, this.ledger);
    this.freshness = new FreshnessJudge(scene, () => this.run !== undefined);
    this.requests = new RequestJudge(scene, () => this.freshness.isCalm(this.shown()));
    this.log = new LogJudge(scene, () => this.run?.core.store.reader.read().held === undefined);
    this.surfaces = new SurfacesJudge(scene, this.ledger, this.answers);
    this.#machine = {
      time,
      imds: this.imds,
      files,
      settings,
      random: jitter === 'none' ? () => MIDDLING : seeded(history.seed, 2),
      exchanges: {
        sent: (request) => {
          this.requests.sent(request);
          if (partOf(request.path) === 'account') this.run?.asksAccount();
          this.onRequest?.();
        },
        over: (request, answer) => {
          this.requests.over(request, answer);
          this.ledger.exchangeOver(partOf(request.path), answer);
          if (this.run !== undefined && answer?.tellsAccount) this.run.knowsAccount = true;
        },
      },
      logged: (level, message, fields) => {
        this.log.line(level, message, fields);
        if (level !== 'debug') this.trace(`${level} ${message}`);
      },
    };
    this.fail = fail;
  }

  readonly fail: (invariant: Invariant, what: string) => void;

  /** Starts the agent, if none runs. */
  start(): void {
    if (this.run !== undefined) return;
    const stored = this.#stored();
    this.ledger.runStarted(stored?.set, stored?.advertised ?? 0);
    this.changed();
    this.freshness.started();
    try {
      const run = new AgentRun(this.#machine);
      this.run = run;
      run.core.store.subscribe((change) => this.#changed(run, change));
      run.core.start();
      if (run.alive) this.#judgeTemporaries();
    } catch (error) {
      if (this.files.state !== 'read-only') this.fail('loop-alive', `the agent did not start: ${error}`);
      this.kill();
      this.startIn(RESTART_MS);
    }
  }

  startIn(ms: number): void {
    this.agenda.plan(this.time.elapsed + ms, () => this.start());
  }

  /** Ends the agent's process, wherever it is. Files stay. */
  kill(): void {
    if (this.run !== undefined) this.ledger.runEnded(false);
    this.run?.kill();
    this.run = undefined;
    this.requests.processEnded();
    this.surfaces.waiting = 0;
    this.#checkEnded = undefined;
  }

  /** Asks the agent to stop, as a service manager does. It is over within this moment, or it is a violation. */
  stop(): void {
    const { run } = this;
    if (run === undefined) return;
    let stopped = false;
    void run.core.stop().then(
      () => {
        stopped = true;
        if (!run.alive) return;
        this.#judgeStopped(run);
        this.kill(); // what has stopped answers no reader who comes in the same moment
      },
      (error: unknown) => this.fail('clean-stop', `the stop failed: ${error}`),
    );
    this.agenda.plan(this.time.elapsed, () => {
      if (this.run !== run) return;
      if (!stopped) this.fail('clean-stop', 'the agent does not stop');
      this.kill();
    });
  }

  doing(): Doing {
    const state = this.run?.core.store.state();
    return {
      failures: state?.failures ?? 0,
      rolelessChecks: state?.rolelessChecks ?? 0,
      shown: this.shown(),
      isAbsent: state?.absence !== undefined && state.held === undefined,
      isChecking: this.run !== undefined && this.run.core.refresher.nextCheckAt() === undefined,
    };
  }

  /** The set that the agent serves at this moment. */
  shown(): OfferedSet | undefined {
    const held = this.run?.core.store.reader.read().held;
    return held && this.imds.sets.get(held.credentials.accessKeyId);
  }

  /** All surfaces are read, by everybody at once. */
  read(): void {
    const { run } = this;
    this.#requestsAtReading ??= this.requests.requests;
    if (run === undefined) {
      const printed = this.surfaces.readHelper(false);
      this.trace(`down: ${printed}`);
      return;
    }
    this.surfaces.readAll(run);
    const shown = this.shown();
    this.freshness.judge(shown);
    this.#judgeGrowth(run);
    this.trace(`shows ${shown?.serial} until ${run.core.store.reader.read().held?.advertisedExpiration}`);
  }

  /** To be called when everything that a reading has set off has come to rest: it must have been no request. */
  readingsOver(): void {
    const before = this.#requestsAtReading;
    this.#requestsAtReading = undefined;
    if (before !== undefined && before !== this.requests.requests) {
      this.fail('readers-cost-nothing', 'a reader made the agent ask IMDS');
    }
  }

  readIn(ms: number): void {
    this.agenda.plan(this.time.elapsed + ms, () => this.read());
  }

  /** After everything that one timer or one happening set off has come to rest. Whether something was read because of it. */
  settled(): boolean {
    const change = this.#checkEnded;
    const { run } = this;
    if (change === undefined || run === undefined) return false;
    this.#checkEnded = undefined;
    const held = run.core.store.reader.read().held;
    const serial = this.shown()?.serial ?? 0;
    const same = isSteady(change) && serial === this.#shownSerial;
    const beganBefore = !(this.requests.lastCheckAt > this.#changedAt);
    if (beganBefore) this.steadyChecks = 0;
    else this.steadyChecks = same ? this.steadyChecks + 1 : isPlainRotation(change) ? 1 : 0;
    this.#shownSerial = serial;
    // Of the plain rotations, which are most of what happens, every fourth is read on all surfaces.
    const isPlain = isPlainRotation(change) && change.after.generation % 4 !== 0;
    const reads = !isPlain && (!same || (serial === 0 && this.steadyChecks < 3));
    if (reads) this.read();
    else if (held !== undefined) this.answers.judgeHeld(held);
    if (!reads) this.freshness.judge(this.shown());
    if (held !== undefined) this.#watchEnd(held.advertisedExpiration);
    return reads;
  }

  /** Whether readers are sent for the moment at which a set is said to expire. */
  isEndWatched(advertised: number): boolean {
    return this.#watchedEnd === advertised;
  }

  /** Something happened that the agent may notice, and tell. */
  changed(): void {
    this.steadyChecks = 0;
    this.#changedAt = this.time.elapsed;
    this.log.worldChanged();
  }

  trace(line: string): void {
    this.#trace?.(`${new Date(BEGINNING + this.time.elapsed).toISOString()} ${line}`);
  }

  #changed(run: AgentRun, change: Change): void {
    if (!run.alive || change.after.lastCheck === change.before.lastCheck) return;
    this.ledger.checkEnded(change.after.held?.credentials.accessKeyId);
    this.requests.checkEnded();
    this.#checkEnded = change;
    // Where every request has its own luck, every check is news.
    for (const { kind } of this.imds.faults) if (UNSTEADY.has(kind)) this.log.worldChanged();
  }

  /** The last seconds of a set are watched closely, on every surface. */
  #watchEnd(advertised: number): void {
    const left = advertised - this.time.wall();
    if (left > LATE_LIFE_MS || left <= 1_000 || this.#watchedEnd === advertised) return;
    this.#watchedEnd = advertised;
    this.agenda.plan(this.time.elapsed + left - 1, () => this.log.worldChanged());
    for (const ms of [left - 1_000, left - 1, left, left + 1, left + 1_000]) this.readIn(ms);
  }

  #stored(): { set: OfferedSet; advertised: number } | undefined {
    const text = this.files.all.get(STATE_FILE)?.content;
    if (text === undefined || this.files.isTampered(STATE_FILE)) return undefined;
    const stored = storedSet(text);
    return stored === undefined ? undefined : this.#lookUp(stored);
  }

  #lookUp(stored: string): { set: OfferedSet; advertised: number } | undefined {
    const shown = this.answers.wholeSet('the stored state', 'state', stored);
    return shown && { set: shown.set, advertised: shown.advertised };
  }

  #judgeGrowth(run: AgentRun): void {
    const timers = this.time.timersOf(run);
    if (timers > MOST_TIMERS + this.surfaces.waiting) this.fail('no-growth', `${timers} timers wait`);
    const exchanges = this.requests.underWay();
    if (exchanges > MOST_EXCHANGES) this.fail('no-growth', `${exchanges} exchanges are under way`);
    if (this.files.all.size > 2) this.fail('no-growth', `files: ${[...this.files.all.keys()].join(' ')}`);
    const silent = run.silentForMs();
    if (silent > LONGEST_SILENCE_MS) this.fail('loop-alive', `no sign of life for ${silent} ms`);
  }

  #judgeTemporaries(): void {
    if (this.files.state === 'read-only') return;
    const left = [...this.files.all.keys()].filter((path) => path.includes('.tmp-'));
    if (left.length > 0) this.fail('no-growth', `the start left ${left.join(' ')}`);
  }

  #judgeStopped(run: AgentRun): void {
    const timers = this.time.timersOf(run) - this.surfaces.waiting;
    const left = [
      timers > 0 && `${timers} timers`,
      this.requests.underWay() > 0 && `${this.requests.underWay()} exchanges`,
      this.files.state !== 'read-only' && this.files.all.has(PROCESS_FILE) && 'the process file',
    ].filter((thing) => thing !== false);
    if (left.length > 0) this.fail('clean-stop', `the stop left ${left.join(', ')}`);
  }
}

function isSteady({ before, after }: Change): boolean {
  return (
    before.held === after.held &&
    before.absence === after.absence &&
    before.trouble?.kind === after.trouble?.kind &&
    after.failures > 0 === before.failures > 0
  );
}

/** All was well before and after, and only the set is another one. */
function isPlainRotation({ before, after }: Change): boolean {
  return before.held?.roleName === after.held?.roleName && before.failures + after.failures === 0;
}
