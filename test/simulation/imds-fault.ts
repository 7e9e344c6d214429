/** What can be wrong with IMDS for a while, as data: a history is printed, shrunk and replayed by it. */

/** What a fault is about: one of the four things that a check asks for, or all of them. */
export type Part = 'everything' | 'token' | 'list' | 'document' | 'account';

export type ImdsFault =
  /** Answers this status instead. 403 is what a disabled IMDS says, 429 and 503 are throttling. */
  | { readonly kind: 'status'; readonly status: number; readonly of: Part }
  /** Nothing listens: refused at once. */
  | { readonly kind: 'refused' }
  /** The connect is never answered. */
  | { readonly kind: 'no-route' }
  /** The connection is taken and the request never answered: a black hole. */
  | { readonly kind: 'unanswered'; readonly of: Part }
  /** The connection ends in the middle of the answer. */
  | { readonly kind: 'cut-off'; readonly of: Part }
  /** Not HTTP. */
  | { readonly kind: 'garbled'; readonly of: Part }
  /** Status 200 and a document that is none. */
  | { readonly kind: 'malformed'; readonly how: Malformation }
  /** Status 200 and a document whose `Code` is not `Success`. */
  | { readonly kind: 'code'; readonly code: string }
  /** Status 200 and a whole set that has expired, in place of the one that is due. */
  | { readonly kind: 'expired-set' }
  /** The control plane issues nothing: the set of the moment stays, past its expiration too. */
  | { readonly kind: 'frozen' }
  /** Every answer takes this long. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** This share of the requests is answered 503. */
  | { readonly kind: 'flaky'; readonly share: number }
  /** Every metadata token is refused, new ones too. */
  | { readonly kind: 'tokens-refused' }
  /** Every metadata token is forgotten, again and again, with this long between. */
  | { readonly kind: 'token-storm'; readonly everyMs: number }
  /** Status 200 and a role list that is none. */
  | { readonly kind: 'odd-list'; readonly how: 'empty' | 'page' };

export const MALFORMATIONS = [
  'not-json',
  'truncated',
  'array',
  'field-missing',
  'field-empty',
  'no-expiration',
  'bad-expiration',
] as const;
export type Malformation = (typeof MALFORMATIONS)[number];

/** Whether a check that meets this fault can still bring the set that IMDS offers. */
export function isHarmless(fault: ImdsFault): boolean {
  if (fault.kind === 'frozen' || fault.kind === 'token-storm') return true;
  if (fault.kind === 'slow') return fault.ms <= 300;
  return 'of' in fault && fault.of === 'account';
}
