import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { AccessGate } from '../../domain/access-gate.ts';
import { andThen } from '../../domain/soon.ts';
import { type Guard, methodNotAllowed } from '../guards.ts';
import { onlyHeader } from '../headers.ts';
import type { IssuedTokens } from '../issued-tokens.ts';
import type { HttpRefusal } from '../reply.ts';
import { imdsRoute, TOKEN_ITEM } from './route.ts';

export const TOKEN_HEADER = 'x-aws-ec2-metadata-token';

/** `PUT` is for the token, under `latest` alone, and the token's path is for `PUT`. */
export function methodFitsPath(request: IncomingMessage): HttpRefusal | undefined {
  const route = imdsRoute(request.url ?? '');
  const isTokenPath = route?.item === TOKEN_ITEM;
  if (request.method !== 'PUT') return isTokenPath ? methodNotAllowed(['PUT']) : undefined;
  if (!isTokenPath) return methodNotAllowed(['GET', 'HEAD']);
  if (!route.isDated) return undefined;
  return { status: 403, code: 'forbidden', message: 'Tokens are given out under /latest/api/token only.' };
}

/** The seconds that the token of a request has left; undefined without one that is good. */
export function tokenSecondsLeft(request: IncomingMessage, issuedTokens: IssuedTokens): number | undefined {
  const token = onlyHeader(request, TOKEN_HEADER);
  return token === undefined ? undefined : issuedTokens.remainingSeconds(token);
}

/** As only IMDSv1 asks. */
export function isTokenless({ method, headers }: IncomingMessage): boolean {
  return method !== 'PUT' && headers[TOKEN_HEADER] === undefined;
}

export interface ReadGuardParts {
  readonly issuedTokens: IssuedTokens;
  /** Whose programs may read without a token, as IMDSv1 allowed. */
  readonly tokenlessUids: ReadonlySet<number>;
  readonly gate: Pick<AccessGate<Socket>, 'callerOf'>;
}

/** A bad token is refused to everybody. 401 is what makes SDKs ask for a new one, and leave IMDSv1 again. */
export function mayRead({ issuedTokens, tokenlessUids, gate }: ReadGuardParts): Guard {
  return (request) => {
    if (request.method === 'PUT' || tokenSecondsLeft(request, issuedTokens) !== undefined) return undefined;
    if (!isTokenless(request) || tokenlessUids.size === 0) return UNAUTHORIZED;
    return andThen(gate.callerOf(request.socket), ({ uid }) =>
      uid !== undefined && tokenlessUids.has(uid) ? undefined : UNAUTHORIZED,
    );
  };
}

const UNAUTHORIZED: HttpRefusal = {
  status: 401,
  code: 'unauthorized',
  message: `The header ${TOKEN_HEADER} must hold a token.`,
};
