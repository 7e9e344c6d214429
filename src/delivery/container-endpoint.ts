import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { AccessGate } from '../domain/access-gate.ts';
import { COLD_START_HOLD_MS, type CredentialReader } from '../domain/reader.ts';
import { andThen } from '../domain/soon.ts';
import { admission } from './admission.ts';
import { answersFor } from './answers.ts';
import type { ContainerToken } from './container-token.ts';
import { commonGuards, type Guard } from './guards.ts';
import { onlyHeader } from './headers.ts';
import { pathOf, surfaceListener } from './http-surface.ts';
import { jsonRefusal, send, withoutCredentials } from './reply.ts';

export interface ContainerEndpointParts {
  readonly reader: CredentialReader;
  readonly gate: AccessGate<Socket>;
  /** Undefined: nothing is asked for, the rules decide by the caller's user alone. */
  readonly token: Pick<ContainerToken, 'accepts'> | undefined;
}

/** What `AWS_CONTAINER_CREDENTIALS_FULL_URI` ends in. */
export const CONTAINER_PATH = '/v1/container-credentials';

const HOSTS = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * The endpoint of the SDKs' container provider, HTTP/1.1 on loopback: `GET` of one path with the token in
 * `Authorization`. Programs of every user can connect, and so can pages in a browser: the rules decide, and the token.
 */
export function containerEndpoint({ reader, gate, token }: ContainerEndpointParts): RequestListener {
  const { guard, ...told } = admission(gate);
  return surfaceListener({
    guards: [...commonGuards(HOSTS), guard, ...(token === undefined ? [] : [authorized(token)])],
    ...told,
    refuse: jsonRefusal,
    route(request, response) {
      if (pathOf(request) !== CONTAINER_PATH) {
        const message = `There is nothing here. The path is ${CONTAINER_PATH}`;
        send(response, jsonRefusal({ status: 404, code: 'not-found', message }));
        return;
      }
      return andThen(reader.readSettled(COLD_START_HOLD_MS), ({ held, refusal }) =>
        send(
          response,
          held === undefined ? jsonRefusal(withoutCredentials(refusal)) : answersFor(held).container,
        ),
      );
    },
  });
}

/** The SDKs send the token as it is; people and some tools send it as a bearer token (RFC 6750). */
function authorized(token: Pick<ContainerToken, 'accepts'>): Guard {
  return (request) => {
    const sent = onlyHeader(request, 'authorization');
    if (sent !== undefined && (token.accepts(sent) || token.accepts(sent.replace(/^bearer +/i, '')))) {
      return undefined;
    }
    const found =
      request.headers.authorization === undefined
        ? 'there is none'
        : 'what was sent is not that, or no longer';
    return {
      status: 401,
      code: 'unauthorized',
      message: `The Authorization header must hold the content of the agent's container-token file: ${found}. Name the file in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`,
      headers: { 'WWW-Authenticate': 'Bearer' },
    };
  };
}
