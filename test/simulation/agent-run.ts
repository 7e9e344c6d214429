import { type AgentCore, type CoreWorld, createAgentCore } from '../../src/agent-core.ts';
import type { Settings } from '../../src/config/settings.ts';
import { type StatusDocument, statusDocument } from '../../src/delivery/status-document.ts';
import type { Clock, Files, Log, LogFields } from '../../src/domain/ports.ts';
import type { SimulatedImds } from './imds.ts';
import { type ExchangeWatch, simulatedTransport } from './imds-transport.ts';
import type { MemoryFiles } from './memory-files.ts';
import { RUNTIME_DIRECTORY } from './surfaces.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Machine {
  readonly time: VirtualTime;
  readonly imds: SimulatedImds;
  readonly files: MemoryFiles;
  readonly settings: Settings;
  /** The agent's jitter. */
  readonly random: () => number;
  readonly exchanges: ExchangeWatch;
  readonly logged: (level: 'error' | 'warn' | 'info' | 'debug', message: string, fields?: LogFields) => void;
}

/**
 * One process of the agent, from its start to its end. The core is the real one; every port that it holds leads back
 * here, and leads nowhere any more once the process is killed: what a dead process would still compute, nobody sees.
 */
export class AgentRun {
  readonly core: AgentCore;
  readonly status: () => StatusDocument;
  readonly #time: VirtualTime;
  #alive = true;
  /** `awake` when time was last skipped: the loop had no chance to show life before. */
  skippedAt = 0;
  /** Whether IMDS has told this process the account, so that it asks no more; and when it asked last, by `awake`. */
  knowsAccount = false;
  accountAskedAt = Number.NEGATIVE_INFINITY;

  constructor(machine: Machine) {
    const { time } = machine;
    this.#time = time;
    const clock = this.#clock(time);
    this.core = createAgentCore(machine.settings, RUNTIME_DIRECTORY, undefined, this.#world(machine, clock));
    const { store, refresher, checks } = this.core;
    this.status = () =>
      statusDocument({
        version: '0.0.0',
        pid: 1,
        started: clock.now(),
        imdsEndpoint: 'auto',
        runtimeDirectory: RUNTIME_DIRECTORY,
        clock,
        state: store.state,
        nextCheckAt: refresher.nextCheckAt,
        checks: checks.read(),
      });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Ends the process as `kill -9` does. */
  kill(): void {
    this.#alive = false;
    this.#time.dropTimersOf(this);
  }

  asksAccount(): void {
    this.knowsAccount = false;
    this.accountAskedAt = this.#time.awake;
  }

  silentForMs(): number {
    return this.#time.awake - Math.max(this.core.refresher.lastBeat(), this.skippedAt);
  }

  #world({ time, imds, files, random, exchanges, logged }: Machine, clock: Clock): CoreWorld {
    return {
      clock,
      networkClock: clock,
      boot: { id: time.bootId(), uptimeSeconds: () => Math.floor(time.uptime() / 10) / 100 },
      random,
      log: this.#log(logged),
      files: this.#files(files),
      uid: 990,
      transportFor: () => {
        const transport = simulatedTransport(this, imds, time, exchanges);
        return (request) => (this.#alive ? transport(request) : new Promise(() => {}));
      },
    };
  }

  #clock(time: VirtualTime): Clock {
    return {
      now: () => time.wall(),
      monotonic: () => time.awake,
      setTimer: (delayMs, action) => (this.#alive ? time.setTimer(this, delayMs, action) : () => {}),
    };
  }

  #log(logged: Machine['logged']): Log {
    const level = (name: 'error' | 'warn' | 'info' | 'debug') => (message: string, fields?: LogFields) => {
      if (this.#alive) logged(name, message, fields);
    };
    return { error: level('error'), warn: level('warn'), info: level('info'), debug: level('debug') };
  }

  #files(files: MemoryFiles): Files {
    const living = <Arguments extends unknown[], Result>(call: (...given: Arguments) => Result) => {
      return (...given: Arguments) => {
        if (!this.#alive) throw new Error('killed');
        return call(...given);
      };
    };
    return {
      replace: living(files.replace),
      remove: living(files.remove),
      sweepTemporaries: living(files.sweepTemporaries),
      readPrivate: living(files.readPrivate),
    };
  }
}
