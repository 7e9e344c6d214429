import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { AccessGate } from '../domain/access-gate.ts';
import { COLD_START_HOLD_MS, type CredentialReader } from '../domain/reader.ts';
import { andThen, type Soon } from '../domain/soon.ts';
import { admission } from './admission.ts';
import { type Answers, answersFor } from './answers.ts';
import type { Events } from './events.ts';
import { commonGuards } from './guards.ts';
import { pathOf, surfaceListener } from './http-surface.ts';
import { METRICS_PATH, type ReadMetrics, sendMetrics } from './metrics/metrics-endpoint.ts';
import { JSON_TYPE, jsonRefusal, send, TEXT_TYPE, withoutCredentials } from './reply.ts';

/** What the agent endpoint answers from. */
export interface AgentEndpointParts {
  readonly reader: CredentialReader;
  readonly gate: AccessGate<Socket>;
  /** The document behind `/v1/callers`; it holds no secret. */
  readonly callers: () => object;
  /** The document behind `/v1/status`; it holds no secret. */
  readonly status: () => object;
  /** What is behind `/metrics`; no secret, either. */
  readonly metrics: ReadMetrics;
  /** Whether the refresh loop is alive. */
  readonly isAlive: () => boolean;
  /** Whether consumers can be sent here, as `policy.ready` defines it. */
  readonly isReady: () => boolean;
  readonly events: Pick<Events, 'answer'>;
}

type Route = (response: ServerResponse, request: IncomingMessage) => Soon<void>;

/** There is no name to resolve behind a Unix socket; these are what people and tools put in the URL. */
const HOSTS = ['localhost', '127.0.0.1', 'rolekeeper', 'unix'];
/** The routes whose answers hold credentials, and in which form: for these the rules are asked. */
const FORMS: ReadonlyMap<string, keyof Answers> = new Map([
  ['/v1/credentials', 'container'],
  ['/v1/credential-process', 'credentialProcess'],
]);
/** Those that a monitor asks, and that are answered when others are not. */
export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz']);

/**
 * The agent API, HTTP/1.1 on the agent socket. Who may open the socket, by its mode and group, may ask; the rules decide
 * about credentials. To add a route, add a line to one of the tables.
 */
export function agentEndpoint(parts: AgentEndpointParts): RequestListener {
  const { reader, gate, callers, status, metrics, isAlive, isReady, events } = parts;
  const routes: Record<string, Route> = {
    '/v1/status': (response) => sendDocument(response, status()),
    '/v1/callers': (response) => sendDocument(response, callers()),
    [METRICS_PATH]: (response) => sendMetrics(response, metrics),
    '/v1/events': (response, request) => events.answer(request, response),
    '/livez': (response) => sendHealth(response, isAlive(), 'alive', 'the refresh loop is overdue'),
    '/readyz': (response) => sendHealth(response, isReady(), 'ready', 'no usable credentials yet'),
  };
  const { guard, ...told } = admission(gate, { isForCredentials: (request) => FORMS.has(pathOf(request)) });
  return surfaceListener({
    guards: [...commonGuards(HOSTS), guard],
    ...told,
    refuse: jsonRefusal,
    route(request, response) {
      const form = FORMS.get(pathOf(request));
      if (form !== undefined) return sendCredentials(response, form);
      const route = routes[pathOf(request)];
      if (route !== undefined) return route(response, request);
      const message = `There is nothing here. Paths: ${[...FORMS.keys(), ...Object.keys(routes)].join(' ')}`;
      send(response, jsonRefusal({ status: 404, code: 'not-found', message }));
    },
  });

  function sendCredentials(response: ServerResponse, form: keyof Answers): Soon<void> {
    return andThen(reader.readSettled(COLD_START_HOLD_MS), ({ held, refusal }) =>
      send(response, held === undefined ? jsonRefusal(withoutCredentials(refusal)) : answersFor(held)[form]),
    );
  }
}

function sendDocument(response: ServerResponse, document: object): void {
  send(response, { status: 200, type: JSON_TYPE, body: `${JSON.stringify(document)}\n` });
}

function sendHealth(response: ServerResponse, isWell: boolean, well: string, ill: string): void {
  send(response, { status: isWell ? 200 : 503, type: TEXT_TYPE, body: `${isWell ? well : ill}\n` });
}
