import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { COLD_START_HOLD_MS, type CredentialReader } from '../domain/reader.ts';
import { type Answers, answersFor } from './answers.ts';
import type { Events } from './events.ts';
import { commonGuards } from './guards.ts';
import { pathOf, surfaceListener } from './http-surface.ts';
import { JSON_TYPE, jsonRefusal, send, TEXT_TYPE, withoutCredentials } from './reply.ts';

/** What the agent endpoint answers from. */
export interface AgentEndpointParts {
  readonly reader: CredentialReader;
  /** The document behind `/v1/status`; it holds no secret. */
  readonly status: () => object;
  /** Whether the refresh loop is alive. */
  readonly isAlive: () => boolean;
  /** Whether consumers can be sent here, as `policy.ready` defines it. */
  readonly isReady: () => boolean;
  readonly events: Pick<Events, 'answer'>;
}

type Route = (response: ServerResponse, request: IncomingMessage) => void | Promise<void>;

/** There is no name to resolve behind a Unix socket; these are what people and tools put in the URL. */
const HOSTS = ['localhost', '127.0.0.1', 'rolekeeper', 'unix'];

/**
 * The agent API, HTTP/1.1 on the agent socket. Whoever can open the socket may read: its mode and group decide.
 * To add a route, add a line to the table.
 */
export function agentEndpoint({
  reader,
  status,
  isAlive,
  isReady,
  events,
}: AgentEndpointParts): RequestListener {
  const routes: Record<string, Route> = {
    '/v1/credentials': (response) => sendCredentials(response, 'container'),
    '/v1/credential-process': (response) => sendCredentials(response, 'credentialProcess'),
    '/v1/status': (response) =>
      send(response, { status: 200, type: JSON_TYPE, body: `${JSON.stringify(status())}\n` }),
    '/v1/events': (response, request) => events.answer(request, response),
    '/livez': (response) => sendHealth(response, isAlive(), 'alive', 'the refresh loop is overdue'),
    '/readyz': (response) => sendHealth(response, isReady(), 'ready', 'no usable credentials yet'),
  };

  return surfaceListener({
    guards: commonGuards(HOSTS),
    refuse: jsonRefusal,
    route(request, response) {
      const route = routes[pathOf(request)];
      if (route !== undefined) return route(response, request);
      const message = `There is nothing here. Paths: ${Object.keys(routes).join(' ')}`;
      send(response, jsonRefusal({ status: 404, code: 'not-found', message }));
    },
  });

  async function sendCredentials(response: ServerResponse, form: keyof Answers): Promise<void> {
    const { held, refusal } = await reader.readSettled(COLD_START_HOLD_MS);
    if (held === undefined) send(response, jsonRefusal(withoutCredentials(refusal)));
    else send(response, { status: 200, type: JSON_TYPE, body: answersFor(held)[form] });
  }
}

function sendHealth(response: ServerResponse, isWell: boolean, well: string, ill: string): void {
  send(response, { status: isWell ? 200 : 503, type: TEXT_TYPE, body: `${isWell ? well : ill}\n` });
}
