import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { COLD_START_HOLD_MS, type CredentialReader, type RefusalCode } from '../domain/reader.ts';
import { refusalJson } from '../domain/wire-formats.ts';
import { type Answers, answersFor } from './answers.ts';
import { guards } from './guards.ts';

/** What the agent endpoint answers from. */
export interface AgentEndpointParts {
  readonly reader: CredentialReader;
  /** The document behind `/v1/status`; it holds no secret. */
  readonly status: () => object;
  /** Whether the refresh loop is alive. */
  readonly isAlive: () => boolean;
  /** Whether consumers can be sent here, as `policy.ready` defines it. */
  readonly isReady: () => boolean;
}

/** HTTP status for each reason to have no credentials. 503 says: ask again. */
const STATUS: Record<RefusalCode, number> = {
  'no-role': 404,
  'role-detached': 503,
  'credentials-pending': 503,
  'credentials-expired': 503,
};

/** There is no name to resolve behind a Unix socket; these are what people and tools put in the URL. */
const HOSTS = ['localhost', '127.0.0.1', 'rolekeeper', 'unix'];
const RETRY_AFTER_SECONDS = '5';
const JSON_TYPE = 'application/json';

/**
 * The agent API, HTTP/1.1 on the agent socket. Whoever can open the socket may read: its mode and group decide.
 * To add a route, add a line to the table.
 */
export function agentEndpoint({ reader, status, isAlive, isReady }: AgentEndpointParts): RequestListener {
  const guard = guards(HOSTS);
  const routes: Record<string, (response: ServerResponse) => void | Promise<void>> = {
    '/v1/credentials': (response) => sendCredentials(response, 'container'),
    '/v1/credential-process': (response) => sendCredentials(response, 'credentialProcess'),
    '/v1/status': (response) => send(response, 200, JSON_TYPE, `${JSON.stringify(status())}\n`),
    '/livez': (response) => sendHealth(response, isAlive(), 'alive', 'the refresh loop is overdue'),
    '/readyz': (response) => sendHealth(response, isReady(), 'ready', 'no usable credentials yet'),
  };

  return (request, response) => {
    // A client that goes away while it is answered is its own affair.
    response.on('error', () => {});
    const refusal = guard(request);
    if (refusal !== undefined) {
      if (refusal.status === 405) response.setHeader('Allow', 'GET, HEAD');
      send(response, refusal.status, JSON_TYPE, refusalJson(refusal));
      return;
    }
    const route = routes[pathOf(request)];
    if (route === undefined) {
      const message = `There is nothing here. Paths: ${Object.keys(routes).join(' ')}`;
      send(response, 404, JSON_TYPE, refusalJson({ code: 'not-found', message }));
      return;
    }
    void route(response);
  };

  async function sendCredentials(response: ServerResponse, form: keyof Answers): Promise<void> {
    const { held, refusal } = await reader.readSettled(COLD_START_HOLD_MS);
    if (held !== undefined) {
      send(response, 200, JSON_TYPE, answersFor(held)[form]);
      return;
    }
    const code = STATUS[refusal.code];
    if (code === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    send(response, code, JSON_TYPE, refusalJson(refusal));
  }
}

function sendHealth(response: ServerResponse, isWell: boolean, well: string, ill: string): void {
  send(response, isWell ? 200 : 503, 'text/plain', `${isWell ? well : ill}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  });
  response.end(body);
}

/** The path without its query: no route takes one. */
function pathOf(request: IncomingMessage): string {
  const target = request.url ?? '';
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}
