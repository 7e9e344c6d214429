import type { RequestKind } from './routes.ts';

/** A fault that is described by its name alone. What each one does is in `faultRules`. */
export type PlainFaultKind =
  | 'black-hole'
  | 'reset'
  | 'malformed-json'
  | 'truncated-json'
  | 'truncated-connection'
  | 'empty-body'
  | 'empty-expiration'
  | 'fractional-expiration'
  | 'oversized-body'
  | 'expired'
  | 'frozen'
  | 'token-refused'
  | 'imds-disabled';

export type FaultEffect =
  | { readonly [Kind in PlainFaultKind]: { readonly kind: Kind } }[PlainFaultKind]
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'date-skew'; readonly ms: number }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'code'; readonly code: string; readonly message: string }
  | { readonly kind: 'missing-field'; readonly field: string };

export type FaultKind = FaultEffect['kind'];

/** A fault in force. */
export type Fault = FaultEffect & {
  readonly on: readonly RequestKind[];
  /** How many more requests it is for; undefined: until it is cleared. */
  readonly times: number | undefined;
};

export type FaultOf<Kind extends FaultKind> = Extract<Fault, { readonly kind: Kind }>;

export type FaultScope = RequestKind | 'all';

/**
 * A fault as it is asked for, in code and in a control request. Without `on` it is for the requests that its rule says;
 * without `times`, for all of them until it is cleared.
 */
export type FaultInput = {
  readonly on?: FaultScope | readonly FaultScope[];
  readonly times?: number | undefined;
} & (
  | Exclude<FaultEffect, { readonly kind: 'redirect' | 'code' }>
  | { readonly kind: 'redirect'; readonly location?: string }
  | { readonly kind: 'code'; readonly code: string; readonly message?: string }
);
