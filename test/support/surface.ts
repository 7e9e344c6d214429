import type { RequestListener } from 'node:http';
import { closeHttpSurface, createHttpSurface } from '../../src/delivery/http-surface.ts';
import { type CredentialStore, createCredentialStore } from '../../src/lifecycle/credential-store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { listenOnLoopback } from '../../src/platform/tcp-listener.ts';
import { roleCredentials, success } from './credentials.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';

/** The expiration of the set that `served` holds. */
export const EXPIRATION = '2026-11-23T14:12:31Z';

export interface ServedStore {
  readonly clock: ManualClock;
  readonly store: CredentialStore;
  /** Moves the clock to so many milliseconds before the expiration. */
  beforeExpiration(ms: number): Promise<void>;
}

/** A store on a manual clock before its first check. */
export function coldStore(): ServedStore {
  const clock = manualClock();
  const store = createCredentialStore({
    clock,
    random: () => 0.5,
    stability: 'never',
    firstGeneration: 0,
    onListenerError: (error) => {
      throw error;
    },
  });
  return {
    clock,
    store,
    beforeExpiration: (ms) => clock.advance(Date.parse(EXPIRATION) - ms - clock.now()),
  };
}

/** A store that serves the set with serial 1 of role `web` until `EXPIRATION`. */
export function servedStore(roleName = 'web'): ServedStore {
  const served = coldStore();
  served.store.apply(success(roleCredentials(1, EXPIRATION, roleName)));
  return served;
}

export interface OpenSurface extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

/** An HTTP surface on a free port of 127.0.0.1. */
export async function openSurface(
  listener: RequestListener,
  limits: Parameters<typeof createHttpSurface>[1] = {},
  host = '127.0.0.1',
): Promise<OpenSurface> {
  const server = createHttpSurface(listener, limits);
  const bound = await listenOnLoopback(server, { host, port: 0 });
  return {
    ...bound,
    [Symbol.asyncDispose]: () => closeHttpSurface(server, 0, systemClock.setTimer),
  };
}

/** Everything secret that `servedStore` could give away. */
export const SECRETS = ['EXAMPLESecretAccessKey0001', 'EXAMPLESessionToken0001'];

export function holdsSecret(text: string): boolean {
  return SECRETS.some((secret) => text.includes(secret));
}
