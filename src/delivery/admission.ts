import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { AccessGate, AccessRefusal } from '../domain/access-gate.ts';
import { andThen, type Soon } from '../domain/soon.ts';
import type { Guard } from './guards.ts';
import type { HttpRefusal } from './reply.ts';

/** What an HTTP surface does with its gate: ask it after its other guards, and tell it of every outcome. */
export interface Admission {
  readonly guard: Guard;
  /** To be awaited before the answer is sent: as long as it waits, the caller is there to be looked at. */
  readonly record: (request: IncomingMessage, verdict: string) => Soon<void>;
  /** To be called when the answer was sent, or will not be. */
  readonly answered: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface AdmissionOptions {
  /** Which requests are for credentials; the others are let through and not counted. */
  readonly isForCredentials?: (request: IncomingMessage) => boolean;
  /** Which of them are made as only IMDSv1 does. */
  readonly isTokenless?: (request: IncomingMessage) => boolean;
}

export function admission(gate: AccessGate<Socket>, options: AdmissionOptions = {}): Admission {
  const { isForCredentials = () => true, isTokenless = () => false } = options;
  return {
    guard(request) {
      if (!isForCredentials(request)) return undefined;
      return andThen(gate.callerOf(request.socket), (caller) => {
        const refusal = gate.refusal(caller);
        return refusal === undefined ? undefined : inHttp(refusal);
      });
    },
    record(request, verdict) {
      if (!isForCredentials(request)) return undefined;
      return andThen(gate.callerOf(request.socket), (caller) => {
        const userAgent = request.headers['user-agent'];
        gate.record(caller, { verdict, userAgent, isTokenless: isTokenless(request) });
      });
    },
    answered(request, response) {
      if (isForCredentials(request)) gate.answered(response.headersSent ? response.statusCode : 0);
    },
  };
}

function inHttp({ code, message }: AccessRefusal): HttpRefusal {
  return code === 'access-denied'
    ? { status: 403, code: 'access-denied', message }
    : { status: 429, code: 'too-many-requests', message, headers: { 'Retry-After': '1' } };
}
