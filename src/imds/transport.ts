/** One HTTP exchange with IMDS, as the rest of this folder sees it. `http-transport.ts` is the real one. */
export type Transport = (request: TransportRequest) => Promise<TransportAnswer>;

export interface TransportRequest {
  readonly method: 'GET' | 'PUT';
  /** Begins with `/`. */
  readonly path: string;
  /** By lower-case name. May hold the metadata token, so a request is never logged as a whole. */
  readonly headers: Readonly<Record<string, string>>;
  /** Gives the exchange up: it then fails as `cancelled`. */
  readonly signal: AbortSignal;
}

/** An answer that arrived whole, whatever its status. A redirect is an answer too: nobody follows it. */
export interface TransportAnswer {
  readonly status: number;
  /** At most `LONGEST_BODY` bytes, read as UTF-8. */
  readonly body: string;
  /** The `Date` header. */
  readonly date: string | undefined;
  /** The `X-aws-ec2-metadata-token-ttl-seconds` header. */
  readonly grantedTtl: string | undefined;
}

/** Bytes. No answer of IMDS comes near this. */
export const LONGEST_BODY = 64 * 1024;

export const TOKEN_TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
export const TOKEN_HEADER = 'x-aws-ec2-metadata-token';

export type TransportFailure =
  /** No connection: refused, no route, no such host, or no answer to the connect within its timeout. */
  | 'unreachable'
  /** Connected, and not one byte of an answer within the request's time. */
  | 'unanswered'
  /** The answer began or the connection was closed, and the rest never came: reset, cut short, or too slow. */
  | 'broken'
  /** The answer is not HTTP, or larger than `LONGEST_BODY`. */
  | 'garbled'
  /** The request's signal was aborted. */
  | 'cancelled';

/** The only thing a transport rejects with. It has no `cause`: an HTTP parser's errors carry what they failed to parse. */
export class TransportError extends Error {
  readonly failure: TransportFailure;
  /** Where and how, for people: an origin, and an error code or a time. Nothing of what was sent or received. */
  readonly detail: string;

  constructor(failure: TransportFailure, detail: string) {
    super(`${failure}: ${detail}`);
    this.name = 'TransportError';
    this.failure = failure;
    this.detail = detail;
  }
}
