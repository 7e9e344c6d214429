/** The store with what hangs on it: the journal, the stored state, the process file, in this order. */
import { join } from 'node:path';
import type { Settings } from './config/settings.ts';
import { createProcessFile, keepShown } from './delivery/process-file.ts';
import type { Clock, Files, Log, Random } from './domain/ports.ts';
import { type CredentialStore, createCredentialStore } from './lifecycle/credential-store.ts';
import { createJournal } from './lifecycle/journal.ts';
import { findWarmState, keepWarm, takeUpWarmState } from './lifecycle/warm-restart.ts';
import type { Boot } from './platform/clock.ts';

/** What the store needs of the machine. The model check hands over its own, and walks through all that can happen. */
export interface StoreWorld {
  /** What credentials live by. The demo's runs faster than the real one. */
  readonly clock: Clock;
  readonly boot: Boot;
  readonly random: Random;
  readonly log: Log;
  readonly files: Files;
  readonly uid: number;
}

const WRITTEN_BY_GROUP = 0o020;

export interface AgentStore {
  readonly store: CredentialStore;
  /** Begins to write beside the socket, and takes up what an earlier run left. */
  start(): void;
  /** Keeps the process file as these rules want it from now on. */
  reload(rules: Settings['rules']): void;
  /** Takes the process file away. The stored state stays, for a warm restart. */
  stop(): void;
}

/** @param gid group of the files that consumers read; undefined: the process's own */
export function createAgentStore(
  settings: Pick<Settings, 'policy' | 'imds' | 'rules' | 'agentSocket'>,
  runtimeDirectory: string,
  gid: number | undefined,
  world: StoreWorld,
): AgentStore {
  const { clock, random, log, files, boot } = world;
  const warm = { path: join(runtimeDirectory, 'state.json'), log, files };
  const found = findWarmState(warm, world.uid);
  const store = createCredentialStore({
    clock,
    random,
    stability: settings.policy.staticStability,
    // Seconds since boot: also where the stored state was lost, a restart begins above what readers have seen.
    firstGeneration: Math.max(found.generation ?? 0, Math.floor(boot.uptimeSeconds())),
    onListenerError: (error) =>
      log.error('A surface could not be updated: restart the agent, and report this line', {
        because: String(error),
      }),
  });
  /** Who reads the file asks nobody: where rules, or the socket's mode, keep the group out, it is for the agent alone. */
  const isRestricted = (rules: Settings['rules']) =>
    (settings.agentSocket.mode & WRITTEN_BY_GROUP) === 0 ||
    rules.some(({ surfaces }) => surfaces.includes('agent_socket'));
  let stopShowing = () => {};
  let restricted: boolean | undefined;

  return {
    store,
    start() {
      store.subscribe(createJournal(log, clock));
      // Stored before it is shown: what a consumer has seen, a restart knows.
      store.subscribe(keepWarm(warm, boot));
      startShowing(settings.rules);
      takeUpWarmState(store, found, settings.imds.role, world);
    },
    reload(rules) {
      if (isRestricted(rules) === restricted) return;
      stopShowing();
      startShowing(rules)(store.current());
    },
    stop: () => stopShowing(),
  };

  function startShowing(rules: Settings['rules']) {
    restricted = isRestricted(rules);
    const processFile = createProcessFile({
      path: join(runtimeDirectory, 'credential-process.json'),
      ...(restricted ? { mode: 0o600, gid: undefined } : { mode: 0o640, gid }),
      boot,
      files,
    });
    const show = keepShown(processFile, log);
    const unsubscribe = store.subscribe(show);
    stopShowing = () => {
      unsubscribe();
      show({ served: undefined, servedForMs: 0 });
    };
    return show;
  }
}
