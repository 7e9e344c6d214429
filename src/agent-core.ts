/** The agent without its sockets: everything between IMDS and the reader, and what is written beside. */
import { join } from 'node:path';
import type { Settings } from './config/settings.ts';
import { createProcessFile, keepShown } from './delivery/process-file.ts';
import type { Clock, Files, Log, Random } from './domain/ports.ts';
import { type CredentialSource, createCredentialSource } from './imds/credential-source.ts';
import type { Transport } from './imds/transport.ts';
import { type CredentialStore, createCredentialStore } from './lifecycle/credential-store.ts';
import { createJournal } from './lifecycle/journal.ts';
import { createRefresher, type Refresher } from './lifecycle/refresher.ts';
import { findWarmState, keepWarm, takeUpWarmState } from './lifecycle/warm-restart.ts';
import type { Boot } from './platform/clock.ts';

/** What the core needs of the machine. The simulation of the whole agent hands over its own. */
export interface CoreWorld {
  /** What credentials live by. The demo's runs faster than the real one. */
  readonly clock: Clock;
  /** What network deadlines run by: always the real one, where there is a network. */
  readonly networkClock: Clock;
  readonly boot: Boot;
  readonly random: Random;
  readonly log: Log;
  readonly files: Files;
  readonly uid: number;
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
  const { clock, random, log, files, boot } = world;
  const warm = { path: join(runtimeDirectory, 'state.json'), log, files };
  const found = findWarmState(warm, world.uid);
  const store = createCredentialStore({
    clock,
    random,
    stability: settings.policy.staticStability,
    // Seconds since boot: also where the stored state was lost, a restart begins above what readers have seen.
    firstGeneration: Math.max(found.generation ?? 0, Math.floor(boot.uptimeSeconds())),
    onListenerError: (error) => log.error('A surface could not be updated', { because: String(error) }),
  });
  const source = createCredentialSource({
    ...settings.imds,
    ...world,
    requestTimeoutMs: settings.imds.requestTimeout,
  });
  const pace = { checkIntervalMs: settings.imds.checkInterval };
  const refresher = createRefresher({ source, store, clock, random, log, pace });
  let stopShowing = () => {};

  return {
    store,
    source,
    refresher,
    start() {
      const processFile = createProcessFile({
        path: join(runtimeDirectory, 'credential-process.json'),
        mode: 0o640,
        gid,
        boot,
        files,
      });
      const show = keepShown(processFile, log);
      store.subscribe(createJournal(log, clock));
      // Stored before it is shown: what a consumer has seen, a restart knows.
      store.subscribe(keepWarm(warm, boot));
      const unsubscribe = store.subscribe(show);
      stopShowing = () => {
        unsubscribe();
        show({ served: undefined, servedForMs: 0 });
      };
      takeUpWarmState(store, found, settings.imds.role, world);
      refresher.start();
    },
    async stop() {
      await refresher.stop();
      stopShowing();
    },
  };
}
