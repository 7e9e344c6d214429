import { isSameDeadline } from '../domain/deadline.ts';
import type { Clock, Files, Log } from '../domain/ports.ts';
import type { Boot } from '../platform/clock.ts';
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
    log.warn(
      'Ignoring the stored state: starting cold. Nothing is to be done: the first check of IMDS replaces it',
      { file: path, because: found.problem },
    );
  }
  return found;
}

/** The kernel cuts the uptime to this: what it has cut must not be given to an expired set. */
const UPTIME_STEP_SECONDS = 0.01;

/**
 * Serves the stored set until the first check confirms or replaces it, if it is of this boot and of the right role, and
 * still has life by both the wall clock and the time since boot: either may be the one that was not stepped back.
 */
export function takeUpWarmState(
  store: CredentialStore,
  found: WarmState,
  role: string,
  { clock, boot }: { readonly clock: Clock; readonly boot: Boot },
): void {
  if (found.held === undefined || found.serveUntil.bootId !== boot.id) return;
  const { held, serveUntil } = found;
  if (role !== '' && held.roleName !== role) return;
  const byWall = held.advertisedExpiration - clock.now();
  const sinceBoot = (serveUntil.seconds - boot.uptimeSeconds() - UPTIME_STEP_SECONDS) * 1000;
  const forMs = Math.min(byWall, sinceBoot);
  if (forMs > 0) store.adopt(held, forMs);
}

/**
 * A listener that stores every change of what is held, and of how long it may be served: a deadline from before the
 * clock was put right would outlive the set. A full or read-only directory is told once, until it is well.
 * Sweeps first what a killed writer left: it can hold a set.
 */
export function keepWarm(
  { path, log, files = systemFiles }: WarmRestartParts,
  boot: Boot,
): (change: Change) => void {
  let stored: { readonly generation: number; readonly seconds: number } | undefined;
  let failing = false;
  files.sweepTemporaries(path);
  return ({ after, servedForMs }) => {
    const { generation } = after;
    const uptime = boot.uptimeSeconds();
    const seconds = uptime + servedForMs / 1000;
    if (stored?.generation === generation && isSameDeadline(stored.seconds, seconds, uptime)) return;
    const serveUntil = { seconds, bootId: boot.id };
    try {
      writeWarmState(path, generation, after.held, serveUntil, files);
      stored = { generation, seconds };
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
      stored = undefined;
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
