import type { AgentStore } from '../../src/agent-store.ts';
import type { CheckOutcome } from '../../src/domain/errors.ts';
import type { Held, StaticStability } from '../../src/domain/life-state.ts';
import type { CredentialStore } from '../../src/lifecycle/credential-store.ts';
import type { Code } from './code.ts';
import { DIRECTORY, type Directory, type Disk, type Instant, Machine } from './machine.ts';

/**
 * One process of the agent, as a value: what it found when it was started, and everything that has moved it since. A
 * process holds more than can be looked at (the store, the listeners that write the files), so it is made again from
 * these wherever the search needs it. That is cheap, because only checks and observations are in the list, and because
 * a kill ends it: what comes after begins from the files. And nothing of `src` has to be opened up for the search.
 */
export interface AgentProcess {
  readonly born: { readonly instant: Instant; readonly disk: Disk; readonly directory: Directory };
  readonly inputs: readonly Input[];
}

export interface Input {
  readonly instant: Instant;
  readonly disk: Disk;
  readonly random: number;
  /** What a check brought; undefined: the refresher looks whether what was served has ended. */
  readonly outcome: CheckOutcome | undefined;
}

const SILENT = { error() {}, warn() {}, info() {}, debug() {} };
const UID = 990;

/** A process that runs: the real store, journal, stored state and process file, put together by the agent's own code. */
export class LiveAgent {
  readonly machine: Machine;
  readonly store: CredentialStore;
  readonly #agent: AgentStore;
  /** What the listeners were told last. */
  served: Held | undefined;
  /** What was served when the process file was last written. */
  shownHeld: Held | undefined;
  /** How often the listeners were told something. */
  changes = 0;

  constructor(
    { code, stability }: { readonly code: Code; readonly stability: StaticStability },
    { born, inputs }: AgentProcess,
    killAt = Number.POSITIVE_INFINITY,
  ) {
    const machine = new Machine(born.instant, born.disk, born.directory);
    machine.killAt = killAt;
    this.machine = machine;
    const settings = {
      policy: { staticStability: stability },
      imds: { role: '' },
      agentSocket: { mode: 0o660 },
      rules: [],
    };
    this.#agent = code.createAgentStore(settings as never, DIRECTORY, undefined, {
      clock: machine.clock,
      boot: machine.boot,
      random: machine.chance,
      log: SILENT,
      files: machine.files,
      uid: UID,
    });
    this.store = this.#agent.store;
    this.store.subscribe(this.#watch);
    try {
      this.#agent.start();
    } catch (error) {
      if (!machine.killed) throw error;
    }
    this.#noteShown();
    for (const input of inputs) this.take(input);
  }

  take({ instant, disk, random, outcome }: Input, killAt = Number.POSITIVE_INFINITY): void {
    this.moveTo(instant, disk);
    Object.assign(this.machine, { random, draws: 0, operations: 0, wroteShown: false, killAt });
    if (outcome === undefined) this.store.observe();
    else this.store.apply(outcome);
    this.#noteShown();
  }

  /** Ends the process as a service manager does: it takes the process file away. */
  stop(): void {
    this.#agent.stop();
  }

  moveTo(instant: Instant, disk: Disk): void {
    this.machine.instant = instant;
    this.machine.disk = disk;
  }

  #watch = ({ served }: { readonly served: Held | undefined }): void => {
    this.changes++;
    this.served = served;
  };

  #noteShown(): void {
    if (this.machine.directory().shown === undefined) this.shownHeld = undefined;
    else if (this.machine.wroteShown) this.shownHeld = this.served;
  }
}
