/** The agent without its sockets: everything between IMDS and the reader, and what is written beside. */
import { createAgentStore, type StoreWorld } from './agent-store.ts';
import type { Settings } from './config/settings.ts';
import { type Clock, pause } from './domain/ports.ts';
import { type CredentialSource, createCredentialSource } from './imds/credential-source.ts';
import type { Transport } from './imds/transport.ts';
import { type CheckTally, createCheckTally } from './lifecycle/check-tally.ts';
import type { CredentialStore } from './lifecycle/credential-store.ts';
import { createRefresher, type Heartbeat, type Refresher } from './lifecycle/refresher.ts';

/** What the core needs of the machine. The simulation of the whole agent hands over its own. */
export interface CoreWorld extends StoreWorld {
  /** What network deadlines run by: always the real one, where there is a network. */
  readonly networkClock: Clock;
  readonly transportFor: (origin: string) => Transport;
  readonly heartbeat?: Heartbeat | undefined;
}

export interface AgentCore {
  readonly store: CredentialStore;
  readonly source: CredentialSource;
  readonly refresher: Refresher;
  readonly checks: Pick<CheckTally, 'read'>;
  /** Takes up what an earlier run left, begins to write beside the socket, and starts the loop. */
  start(): void;
  /** Applies what of the settings can be changed while it runs, and checks IMDS now. */
  reload(settings: Settings): void;
  /** Ends the loop and takes the process file away. The stored state stays, for a warm restart. */
  stop(): Promise<void>;
}

const WAIT_FOR_CREDENTIALS_MS = 15_000;

/** @param gid group of the files that consumers read; undefined: the process's own */
export function createAgentCore(
  settings: Settings,
  runtimeDirectory: string,
  gid: number | undefined,
  world: CoreWorld,
): AgentCore {
  const { clock, random, log, heartbeat } = world;
  const kept = createAgentStore(settings, runtimeDirectory, gid, world);
  const { store } = kept;
  const checks = createCheckTally(clock);
  store.subscribe(checks.note);
  const source = createCredentialSource({
    ...settings.imds,
    ...world,
    requestTimeoutMs: settings.imds.requestTimeout,
  });
  const paceOf = ({ imds }: Settings) => ({ checkIntervalMs: imds.checkInterval });
  const pace = paceOf(settings);
  const refresher = createRefresher({ source, store, clock, random, log, pace, heartbeat });

  return {
    store,
    source,
    refresher,
    checks,
    start() {
      kept.start();
      refresher.start();
    },
    reload(next) {
      kept.reload(next.rules);
      refresher.repace(paceOf(next));
      refresher.checkNow();
    },
    async stop() {
      await refresher.stop();
      kept.stop();
    },
  };
}

/** Resolves with the first set that is served, or after 15 s without one. */
export async function firstCredentials({ store }: AgentCore, networkClock: Clock, closing: AbortSignal) {
  const served = new AbortController();
  const stop = store.subscribe((change) => change.served && served.abort());
  await pause(networkClock, WAIT_FOR_CREDENTIALS_MS, AbortSignal.any([served.signal, closing]));
  stop();
  return served.signal.aborted ? 'credentials' : 'waiting';
}
