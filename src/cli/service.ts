/** What the service manager is told of the agent: sd_notify(3). */
import type { Agent } from '../agent.ts';
import type { StatusDocument } from '../delivery/status-document.ts';
import type { Clock, Log } from '../domain/ports.ts';
import { longestCheckMs } from '../imds/credential-source.ts';
import type { Heartbeat } from '../lifecycle/refresher.ts';
import type { ServiceManager } from '../platform/service-manager.ts';

export interface Service {
  /** Its state in a sentence, from now on at each change, and that it is ready as soon as it is. */
  follow(agent: Pick<Agent, 'status' | 'onChange' | 'ready'>): void;
  reloading(): void;
  /** @param problem why nothing was changed */
  reloaded(problem?: string): void;
  stopping(): void;
}

/** @param manager undefined: nobody wants to be told */
export function createService(manager: ServiceManager | undefined, clock: Clock, log: Log): Service {
  let agent: Pick<Agent, 'status'> | undefined;
  let told = '';
  let problem: string | undefined;

  return {
    follow(started) {
      agent = started;
      if (manager === undefined) return;
      started.onChange(() => {
        const text = sentence();
        if (text !== told) tell({});
      });
      void started.ready.then(() => {
        if (!tell({ READY: '1' }))
          log.warn(
            'The service manager does not take messages: trying again with the next; see that systemd itself is well',
          );
      });
    },
    // CLOCK_MONOTONIC, which the manager compares with its own: see systemd.service(5), Type=notify-reload.
    reloading: () => tell({ RELOADING: '1', MONOTONIC_USEC: String(Math.floor(clock.monotonic() * 1000)) }),
    reloaded(why) {
      problem = why;
      tell({ READY: '1' });
    },
    stopping: () => tell({ STOPPING: '1', STATUS: 'Stopping' }),
  };

  function tell(state: Readonly<Record<string, string>>): boolean {
    told = sentence();
    return manager?.tell({ STATUS: told, ...state }) ?? false;
  }

  function sentence(): string {
    const about = agent === undefined ? 'Starting' : statusSentence(agent.status());
    return problem === undefined ? about : `${about}. Not reloaded: ${problem}`;
  }
}

/**
 * The refresh loop's way to the watchdog; undefined where none is on. Three times within its time, so that a beat can be
 * late. A check of IMDS may take longer than the unit's author thought of: then the manager is asked to wait as long.
 */
export function heartbeatFor(manager: ServiceManager, requestTimeoutMs: number): Heartbeat | undefined {
  if (manager.watchdogMs === undefined) return undefined;
  const withinMs = Math.max(manager.watchdogMs, 3 * longestCheckMs(requestTimeoutMs));
  if (withinMs > manager.watchdogMs) manager.tell({ WATCHDOG_USEC: String(withinMs * 1000) });
  return { everyMs: withinMs / 3, beat: () => void manager.tell({ WATCHDOG: '1' }) };
}

/** For `systemctl status`: what is served, and what somebody should do about it. */
export function statusSentence(status: StatusDocument): string {
  const { serving, role, key_id, advertised_expiration, message } = status;
  const trouble = message === undefined ? '' : `. ${message}`;
  if (serving) return `Serving role ${role} (key ${key_id}) until ${advertised_expiration}${trouble}`;
  return message === undefined ? 'Asking IMDS for the first time' : `Serving nothing${trouble}`;
}
