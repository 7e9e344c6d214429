/** The agent without its sockets: everything between IMDS and the reader, and what is written beside. */
import { createAgentStore, type StoreWorld } from './agent-store.ts';
import type { Settings } from './config/settings.ts';
import type { Clock } from './domain/ports.ts';
import { type CredentialSource, createCredentialSource } from './imds/credential-source.ts';
import type { Transport } from './imds/transport.ts';
import type { CredentialStore } from './lifecycle/credential-store.ts';
import { createRefresher, type Refresher } from './lifecycle/refresher.ts';

/** What the core needs of the machine. The simulation of the whole agent hands over its own. */
export interface CoreWorld extends StoreWorld {
  /** What network deadlines run by: always the real one, where there is a network. */
  readonly networkClock: Clock;
  readonly transportFor: (origin: string) => Transport;
}

export interface AgentCore {
  readonly store: CredentialStore;
  readonly source: CredentialSource;
  readonly refresher: Refresher;
  /** Takes up what an earlier run left, begins to write beside the socket, and starts the loop. */
  start(): void;
  /** Ends the loop and takes the process file away. The stored state stays, for a warm restart. */
  stop(): Promise<void>;
}

/** @param gid group of the files that consumers read; undefined: the process's own */
export function createAgentCore(
  settings: Settings,
  runtimeDirectory: string,
  gid: number | undefined,
  world: CoreWorld,
): AgentCore {
  const { clock, random, log } = world;
  const kept = createAgentStore(settings, runtimeDirectory, gid, world);
  const { store } = kept;
  const source = createCredentialSource({
    ...settings.imds,
    ...world,
    requestTimeoutMs: settings.imds.requestTimeout,
  });
  const pace = { checkIntervalMs: settings.imds.checkInterval };
  const refresher = createRefresher({ source, store, clock, random, log, pace });

  return {
    store,
    source,
    refresher,
    start() {
      kept.start();
      refresher.start();
    },
    async stop() {
      await refresher.stop();
      kept.stop();
    },
  };
}
