import type { Clock, Files, Log } from '../domain/ports.ts';
import { systemFiles } from '../platform/files.ts';
import type { Change, CredentialStore } from './credential-store.ts';
import { readWarmState, type WarmState, writeWarmState } from './warm-state.ts';

export interface WarmRestartParts {
  /** The state file, in the runtime directory. */
  readonly path: string;
  readonly log: Log;
  readonly files?: Files;
}

/**
 * What an earlier run left, or nothing: a file that is not exactly as this program writes it is named in one line
 * and never trusted.
 */
export function findWarmState({ path, log, files }: WarmRestartParts, uid: number): WarmState {
  const found = readWarmState(path, uid, files);
  if (found.problem !== undefined) {
    log.warn('Ignoring the stored state: starting cold', { file: path, because: found.problem });
  }
  return found;
}

/** Serves the stored set until the first check confirms or replaces it, if it still has life and is of the right role. */
export function takeUpWarmState(store: CredentialStore, found: WarmState, role: string, clock: Clock): void {
  const { held } = found;
  if (held === undefined || held.advertisedExpiration <= clock.now()) return;
  if (role !== '' && held.roleName !== role) return;
  store.adopt(held);
}

/**
 * A listener that stores every change of what is held. A full or read-only directory is told once, until it is well.
 * Sweeps first what a killed writer left: it can hold a set.
 */
export function keepWarm({ path, log, files = systemFiles }: WarmRestartParts): (change: Change) => void {
  let stored: number | undefined;
  let failing = false;
  files.sweepTemporaries(path);
  return ({ after }) => {
    if (stored === after.generation) return;
    try {
      writeWarmState(path, after.generation, after.held, files);
      stored = after.generation;
      if (failing) log.info('The state can be stored again', { file: path });
      failing = false;
    } catch (error) {
      if (!failing) {
        const because = (error as Error).message;
        log.warn('Cannot store the state: a restart would start cold. Free the runtime directory', {
          because,
        });
      }
      failing = true;
      removeStored();
    }
  };

  /** What was stored before would bring a withdrawn or replaced set back: no file is better. */
  function removeStored(): void {
    try {
      files.remove(path);
    } catch {}
  }
}
