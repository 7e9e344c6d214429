import type { RoleCredentials } from './credentials.ts';
import type { EpochMs } from './ports.ts';

/**
 * Why a check of IMDS did not bring a usable set. A closed set: code branches on `kind`, people read `message`.
 * The message says what was tried, the rule, the value found and the next step, and never holds a secret.
 */
export type SourceErrorKind =
  /** The role list is 404: no instance profile is attached, or its profile has no role. */
  | 'no-role'
  /** The attached role is not the one that `imds.role` names. */
  | 'role-mismatch'
  /** The list named a role and its document was 404, twice: the role changed while we read. */
  | 'role-changed'
  /** 403: the instance's metadata options switch IMDS off (HttpEndpoint disabled). */
  | 'imds-disabled'
  /** The connection could not be made: refused, unreachable, or no answer to the connect within its timeout. */
  | 'unreachable'
  /** TCP was accepted and the token PUT never answered: what a hop limit of 1 looks like from a container. */
  | 'token-unanswered'
  /** A request was sent and not answered whole in time, the connection broke, or the check ran out of time. */
  | 'timeout'
  /** 429 or 503. */
  | 'throttled'
  /** 401 on a GET, also with a brand-new metadata token. */
  | 'token-refused'
  /** The document arrived with a `Code` other than `Success`. `code` holds it. */
  | 'service-error'
  /** The document arrived whole, and its set had already expired. */
  | 'expired-document'
  /** Any other HTTP status. `status` holds it. */
  | 'unexpected-status'
  /** Not the shape that IMDS gives: not JSON, a field missing or empty, a bad expiration, a body over 64 KiB, a redirect. */
  | 'malformed';

export interface SourceError {
  readonly kind: SourceErrorKind;
  readonly message: string;
  /** HTTP status, where one was received. */
  readonly status?: number;
  /** The document's `Code`, for `service-error`. */
  readonly code?: string;
}

/**
 * What one check brought: the `value` (possibly an expired set: whether that is of use is for the lifecycle to say), or why not.
 */
export type CheckOutcome =
  | {
      readonly ok: true;
      readonly value: RoleCredentials;
      readonly facts: CheckFacts;
    }
  | { readonly ok: false; readonly error: SourceError; readonly facts: CheckFacts };

/** What a check saw beside its result: for status and metrics. */
export interface CheckFacts {
  /** IMDS's `Date` header minus our wall clock, in ms; undefined when no answer carried one. Precision: a second. */
  readonly skewMs: number | undefined;
  /** From the first byte sent to the last received, in ms. */
  readonly latencyMs: number;
  /** When the check ended. */
  readonly at: EpochMs;
}
