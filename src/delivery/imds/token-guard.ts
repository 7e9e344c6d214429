import type { IncomingMessage } from 'node:http';
import type { TcpPeers } from '../../platform/tcp-peer.ts';
import { type Guard, methodNotAllowed } from '../guards.ts';
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
  const [token, ...others] = request.headersDistinct[TOKEN_HEADER] ?? [];
  return token === undefined || others.length > 0 ? undefined : issuedTokens.remainingSeconds(token);
}

export interface ReadGuardParts {
  readonly issuedTokens: IssuedTokens;
  /** Whose programs may read without a token, as IMDSv1 allowed. */
  readonly tokenlessUids: ReadonlySet<number>;
  readonly peers: TcpPeers;
}

/** A bad token is refused to everybody. 401 is what makes SDKs ask for a new one, and leave IMDSv1 again. */
export function mayRead({ issuedTokens, tokenlessUids, peers }: ReadGuardParts): Guard {
  return async (request) => {
    if (request.method === 'PUT' || tokenSecondsLeft(request, issuedTokens) !== undefined) return undefined;
    const isTokenless = request.headersDistinct[TOKEN_HEADER] === undefined;
    if (isTokenless && tokenlessUids.size > 0) {
      const uid = await peers.uidOf(request.socket);
      if (uid !== undefined && tokenlessUids.has(uid)) return undefined;
    }
    return { status: 401, code: 'unauthorized', message: `The header ${TOKEN_HEADER} must hold a token.` };
  };
}
