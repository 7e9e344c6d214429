import type { ServerResponse } from 'node:http';
import type { Refusal, RefusalCode } from '../domain/reader.ts';
import { refusalJson } from '../domain/wire-formats.ts';

/** An HTTP answer that is still to be sent. */
export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
  /** Beside the ones that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
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
export function send(response: ServerResponse, { status, type, body, headers }: Reply): void {
  if (response.destroyed) return;
  response.req.socket.setTimeout(LONGEST_STALL_MS);
  response.writeHead(status, {
    ...headers,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  });
  response.end(body);
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
