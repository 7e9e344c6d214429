import type { ServerResponse } from 'node:http';
import type { Refusal, RefusalCode } from '../domain/reader.ts';
import { refusalJson } from '../domain/wire-formats.ts';

/** An HTTP answer that is still to be sent. */
export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Beside the ones that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer as it goes out. Of what many ask for it is made once. */
export interface ReadyReply {
  readonly status: number;
  /** Names and values of the headers, by turns. */
  readonly head: string[];
  /** A character for each byte: Node sends such a text together with the headers, in one piece. */
  readonly body: string;
}

/** Why a request gets no credentials. */
export interface HttpRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const JSON_TYPE = 'application/json';
export const TEXT_TYPE = 'text/plain';

/** Milliseconds for a client to take an answer that its socket has no room for. */
const LONGEST_STALL_MS = 10_000;
const RETRY_AFTER_SECONDS = '5';

/** HTTP status for each reason to have no credentials, on every surface. 503 says: ask again. */
const STATUS: Record<RefusalCode, number> = {
  'no-role': 404,
  'role-detached': 503,
  'credentials-pending': 503,
  'credentials-expired': 503,
};

/** Every answer of every HTTP surface leaves through here, except streams. */
export function send(response: ServerResponse, reply: Reply | ReadyReply): void {
  if (response.destroyed) return;
  const { status, head, body } = ready(reply);
  response.writeHead(status, head);
  response.end(body, 'latin1');
  // Most answers are with the kernel by now.
  if (response.writableLength > 0) response.req.socket.setTimeout(LONGEST_STALL_MS);
}

export function ready(reply: Reply | ReadyReply): ReadyReply {
  if ('head' in reply) return reply;
  const { status, type, headers = {} } = reply;
  const body = Buffer.from(reply.body).toString('latin1');
  const always = ['Content-Type', type, 'Content-Length', String(body.length), 'Cache-Control', 'no-store'];
  return { status, head: [...Object.entries(headers).flat(), ...always], body };
}

export function withoutCredentials({ code, message }: Refusal): HttpRefusal {
  const status = STATUS[code];
  return {
    status,
    code,
    message,
    ...(status === 503 && { headers: { 'Retry-After': RETRY_AFTER_SECONDS } }),
  };
}

/** What SDKs read: `code` and `message` in both spellings. */
export function jsonRefusal(refusal: HttpRefusal): Reply {
  return { ...refusal, type: JSON_TYPE, body: refusalJson(refusal) };
}

/**
 * What clients of IMDS get: one short word. aws-c-auth does not look at the status of a GET and takes any body for a role
 * name, so there must be nothing in it that breaks the next request line.
 */
export function wordRefusal(refusal: HttpRefusal): Reply {
  return { ...refusal, type: TEXT_TYPE, body: refusal.code };
}
