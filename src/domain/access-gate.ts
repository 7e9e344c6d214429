import type { Caller } from './caller.ts';
import type { Soon } from './soon.ts';

/** How a surface asks who is calling, whether they may, and tells what became of it. One for each surface. */
export interface AccessGate<Connection> {
  /** Looked up once for each connection; best at once, as long as the caller is there. Never rejects. */
  callerOf(connection: Connection): Soon<Caller>;
  /** Why this caller gets no credentials now, whatever it can show; undefined lets it pass. */
  refusal(caller: Caller): AccessRefusal | undefined;
  /** To be called once for each request for credentials, with its outcome. */
  record(caller: Caller, asked: Asked): void;
  /** To be called once for each of them when it is over, with its HTTP status; 0: it ended without an answer. */
  answered(status: number): void;
}

export interface AccessRefusal {
  readonly code: 'access-denied' | 'too-many-requests';
  /** Which rule, and the next step. */
  readonly message: string;
}

export interface Asked {
  /** `allowed`, or the code of the refusal. */
  readonly verdict: string;
  /** As the caller sent it: nothing in it is to be trusted. */
  readonly userAgent?: string | undefined;
  /** As only IMDSv1 does: a read of the IMDS-compatible endpoint without a token. */
  readonly isTokenless?: boolean;
}
