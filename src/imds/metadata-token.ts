import type { Clock } from '../domain/ports.ts';
import { type ClockReading, readClock } from '../domain/refresh-policy.ts';
import { Secret } from '../domain/secret.ts';
import type { Ask } from './ask.ts';
import { malformed } from './source-errors.ts';
import { TOKEN_TTL_HEADER } from './transport.ts';

const REQUEST = { method: 'PUT', path: '/latest/api/token' } as const;

/** EC2 User Guide, "Use IMDSv2": 1 to 21600 seconds. We ask for the longest, so for about four tokens a day. */
const LONGEST_TTL_SECONDS = 21_600;

/** A token is not used in the last part of its life, so that no request meets its end: 2 minutes, less of a short life. */
const LONGEST_MARGIN_MS = 120_000;
const MARGIN_SHARE = 0.1;

const TOKEN = /^[\x21-\x7e]{1,1024}$/;

export interface MetadataToken {
  /** The token to send now: the one at hand, or a new one. Calls at the same time share one request. Throws SourceFailure. */
  get(signal: AbortSignal): Promise<Secret>;
  /** IMDS refused this one, so it is not used again. One that has replaced it meanwhile stays. */
  drop(refused: Secret): void;
}

interface HeldToken {
  readonly value: Secret;
  readonly askedAt: ClockReading;
  readonly usableMs: number;
}

export function createMetadataToken(ask: Ask, clock: Clock): MetadataToken {
  let held: HeldToken | undefined;
  let underWay: Promise<Secret> | undefined;

  return {
    async get(signal) {
      if (held !== undefined && age(held.askedAt, readClock(clock)) < held.usableMs) return held.value;
      underWay ??= fetchToken(signal).finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
    drop(refused) {
      if (held?.value === refused) held = undefined;
    },
  };

  async function fetchToken(signal: AbortSignal): Promise<Secret> {
    held = undefined;
    const askedAt = readClock(clock);
    const headers = { [TOKEN_TTL_HEADER]: String(LONGEST_TTL_SECONDS) };
    const answer = await ask({ ...REQUEST, headers, signal });
    const text = answer.body.trim();
    if (!TOKEN.test(text)) throw malformed(REQUEST, 'no token of 1 to 1024 printable ASCII characters');
    const value = new Secret(text);
    held = { value, askedAt, usableMs: usableMs(grantedTtlSeconds(answer.grantedTtl)) };
    return value;
  }
}

/**
 * What IMDS says it granted. Without a word about it (other implementations forget the header), what was asked: were
 * that too long, a 401 would tell, and cost one request.
 */
function grantedTtlSeconds(header: string | undefined): number {
  const seconds = /^\d{1,5}$/.test(header ?? '') ? Number(header) : 0;
  return seconds >= 1 && seconds <= LONGEST_TTL_SECONDS ? seconds : LONGEST_TTL_SECONDS;
}

function usableMs(ttlSeconds: number): number {
  const ttlMs = ttlSeconds * 1_000;
  return ttlMs - Math.min(LONGEST_MARGIN_MS, ttlMs * MARGIN_SHARE);
}

/** By the clock that says more: the monotonic one stands still in a suspend, the wall clock can be stepped back. */
function age(since: ClockReading, now: ClockReading): number {
  return Math.max(now.monotonic - since.monotonic, now.wall - since.wall);
}
