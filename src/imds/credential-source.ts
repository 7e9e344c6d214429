import type { RoleCredentials } from '../domain/credentials.ts';
import type { CheckOutcome } from '../domain/errors.ts';
import type { Clock, Log, Random } from '../domain/ports.ts';
import { createAccountIds } from './account-id.ts';
import { createAsk } from './ask.ts';
import { createAttempt, once } from './attempts.ts';
import { type EndpointSetting, endpointTransport } from './endpoint.ts';
import { createMetadataRead, type MetadataRead } from './metadata-read.ts';
import { createMetadataToken } from './metadata-token.ts';
import { limitedRate } from './request-rate.ts';
import { readRoleDocument } from './role-document.ts';
import { readRoleName } from './role-name.ts';
import { roleChanged, sourceErrorOf } from './source-errors.ts';
import type { Transport } from './transport.ts';
import { watchedTransport } from './watched-transport.ts';

/** IMDS, as something that can be asked for the attached role's credentials. */
export interface CredentialSource {
  /**
   * One check: metadata token (kept for later checks), role list, the role's credential document, and once the account
   * id. Never rejects; ends within `longestCheckMs`, or soon after the signal is aborted. Called while a check is under
   * way it begins no other, but returns that one's promise.
   */
  check(signal: AbortSignal): Promise<CheckOutcome>;
  /** Another item of the metadata, with the same token and within the same limit of requests. Tries once. */
  readonly readItem: MetadataRead;
}

export interface CredentialSourceOptions {
  readonly endpoint: EndpointSetting;
  readonly transportFor: (origin: string) => Transport;
  /** What a transport takes for one request at most, in ms. */
  readonly requestTimeoutMs: number;
  /** DESIGN: `imds.role`. The only role to accept; empty: whichever is attached. */
  readonly role: string;
  /** Tries per request, the first one included. */
  readonly attempts: number;
  /** What credentials and tokens live by. */
  readonly clock: Clock;
  /** What pauses and deadlines are measured by: the real clock, also where `clock` is compressed. Default: `clock`. */
  readonly networkClock?: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Made once: an abort without a reason of its own makes an exception, stack and all, at every check. */
const CHECK_OVER = new Error('The check is over');

/** The worst case of one check, all repetitions included: three requests at their slowest, and the pauses between. */
export function longestCheckMs(requestTimeoutMs: number): number {
  return 3 * requestTimeoutMs + 1_000;
}

export function createCredentialSource(options: CredentialSourceOptions): CredentialSource {
  const { endpoint, transportFor, role, attempts, clock, networkClock = clock, random, log } = options;
  const limited = limitedRate(endpointTransport(endpoint, transportFor), networkClock);
  const watched = watchedTransport(limited, { clock, networkClock }, log);
  const ask = createAsk(watched.transport, createAttempt({ attempts, clock: networkClock, random }));
  const askOnce = createAsk(watched.transport, once);
  const token = createMetadataToken(ask, clock);
  const read = createMetadataRead(ask, token);
  const accountIds = createAccountIds(createMetadataRead(askOnce, token), clock, networkClock);
  let underWay: Promise<CheckOutcome> | undefined;

  return {
    readItem: createMetadataRead(createAsk(limited, once), token),
    check(signal) {
      underWay ??= check(signal).finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
  };

  async function check(stopped: AbortSignal): Promise<CheckOutcome> {
    const ended = new AbortController();
    const end = () => ended.abort(CHECK_OVER);
    const stopTimer = networkClock.setTimer(longestCheckMs(options.requestTimeoutMs), end);
    // One signal followed by hand: AbortSignal.any leaves weak references behind at every check, for years.
    stopped.addEventListener('abort', end);
    if (stopped.aborted) end();
    watched.begin();
    try {
      const value = await fetchCredentials(ended.signal);
      return { ok: true, value, facts: watched.facts() };
    } catch (thrown) {
      return { ok: false, error: sourceErrorOf(thrown, log), facts: watched.facts() };
    } finally {
      stopTimer();
      stopped.removeEventListener('abort', end);
      end(); // for the account id, if it is still being asked for
    }
  }

  /** A role replaced between list and document makes the document 404, so the list is read a second time. */
  async function fetchCredentials(signal: AbortSignal): Promise<RoleCredentials> {
    for (let round = 1; ; round++) {
      const roleName = await readRoleName(read, role, signal);
      const document = readRoleDocument(read, roleName, signal);
      const accountId = accountIds.ask(roleName, signal);
      const credentials = await document;
      if (credentials !== undefined) return { roleName, accountId: await accountId(), credentials };
      if (round === 2) throw roleChanged(roleName);
    }
  }
}
