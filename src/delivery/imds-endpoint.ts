import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { AccessGate } from '../domain/access-gate.ts';
import type { Held } from '../domain/life-state.ts';
import type { MetadataAnswer, MetadataReader } from '../domain/metadata-reader.ts';
import type { Clock } from '../domain/ports.ts';
import type { CredentialReader } from '../domain/reader.ts';
import { andThen, type Soon } from '../domain/soon.ts';
import { imdsDocument } from '../domain/wire-formats.ts';
import type { TcpEndpoint } from '../platform/tcp-peer.ts';
import { admission } from './admission.ts';
import { commonGuards } from './guards.ts';
import { surfaceListener } from './http-surface.ts';
import { imdsRoute, ROLE_LIST_ITEM } from './imds/route.ts';
import { isTokenless, mayRead, methodFitsPath, tokenSecondsLeft } from './imds/token-guard.ts';
import { TTL_HEADER, tokenReply } from './imds/token-request.ts';
import type { IssuedTokens } from './issued-tokens.ts';
import {
  type HttpRefusal,
  type ReadyReply,
  type Reply,
  ready,
  send,
  TEXT_TYPE,
  withoutCredentials,
  wordRefusal,
} from './reply.ts';

export interface ImdsEndpointParts {
  readonly reader: CredentialReader;
  readonly issuedTokens: IssuedTokens;
  /** What else of the instance's metadata is passed on. */
  readonly metadata: MetadataReader;
  /** Whose programs may read without a token, as IMDSv1 allowed. Empty: nobody's. */
  readonly tokenlessUids: ReadonlySet<number>;
  readonly gate: AccessGate<Socket>;
  /** What credentials live by. */
  readonly clock: Clock;
}

/** Where a program wanted to go that the kernel has redirected here: what `createTcpPeers` has to know. */
export const REDIRECTED_FROM: readonly TcpEndpoint[] = [
  { address: '169.254.169.254', port: 80 },
  { address: 'fd00:ec2::254', port: 80 },
];

/** With the names of the real one: a redirected program sends those. */
const HOSTS = ['127.0.0.1', 'localhost', '[::1]', '169.254.169.254', '[fd00:ec2::254]'];

/** How long a request waits for what is not there yet: boto3 and the SDK for JavaScript give up after one second. */
const LONGEST_HOLD_MS = 800;

const PROFILE_ITEM = 'meta-data/iam/info';
const NOT_FOUND: HttpRefusal = { status: 404, code: 'not-found', message: 'There is no such item.' };
const UNAVAILABLE: HttpRefusal = {
  status: 503,
  code: 'metadata-unavailable',
  message: 'IMDS does not answer.',
  headers: { 'Retry-After': '5' },
};

/**
 * What programs find that know nothing but the instance metadata service, HTTP/1.1 on loopback: IMDSv2 with tokens of our
 * own, the role's credentials, and a few items of the real metadata. Everything else is 404 and is asked of nobody,
 * `security-credentials-extended` (where SDKs look first, and take any other status for a failure) and user data included.
 */
export function imdsEndpoint(parts: ImdsEndpointParts): RequestListener {
  const { reader, issuedTokens, metadata, clock } = parts;
  const { guard, ...told } = admission(parts.gate, { isTokenless });
  const documents = new WeakMap<Held, ReadyReply>();

  return surfaceListener({
    guards: [...commonGuards(HOSTS, ['GET', 'HEAD', 'PUT']), methodFitsPath, guard, mayRead(parts)],
    ...told,
    refuse: wordRefusal,
    route(request, response) {
      if (request.method === 'PUT') {
        return andThen(tokenReply(request, issuedTokens), (reply) => {
          if (reply !== undefined) send(response, reply);
        });
      }
      return andThen(itemReply(imdsRoute(request.url ?? '')?.item), (reply) => {
        const secondsLeft = tokenSecondsLeft(request, issuedTokens);
        const { status, head, body } = ready(reply);
        const ttl = secondsLeft === undefined ? [] : [TTL_HEADER, String(secondsLeft)];
        send(response, { status, head: [...ttl, ...head], body });
      });
    },
  });

  function itemReply(item = ''): Soon<Reply | ReadyReply> {
    if (item === ROLE_LIST_ITEM) return roleReply((held) => found(held.roleName));
    if (item.startsWith(`${ROLE_LIST_ITEM}/`)) {
      const roleName = item.slice(ROLE_LIST_ITEM.length + 1);
      return roleReply((held) => (held.roleName === roleName ? documentOf(held) : undefined));
    }
    const answer = metadata.read(item, LONGEST_HOLD_MS);
    if (answer === undefined) return wordRefusal(NOT_FOUND);
    if (item !== PROFILE_ITEM) return answer.then(metadataReply);
    // Without a role there is no iam subtree, whatever IMDS said a minute ago.
    return andThen(reader.readSettled(LONGEST_HOLD_MS), ({ refusal }) =>
      refusal === undefined ? answer.then(metadataReply) : wordRefusal(withoutCredentials(refusal)),
    );
  }

  function roleReply(replyTo: (held: Held) => Reply | ReadyReply | undefined): Soon<Reply | ReadyReply> {
    return andThen(reader.readSettled(LONGEST_HOLD_MS), ({ held, refusal }) => {
      if (held === undefined) return wordRefusal(withoutCredentials(refusal));
      return replyTo(held) ?? wordRefusal(NOT_FOUND);
    });
  }

  /** `LastUpdated` is when a set was first asked for here. */
  function documentOf(held: Held): ReadyReply {
    let document = documents.get(held);
    if (document === undefined) {
      document = ready(found(imdsDocument(held, clock.now())));
      documents.set(held, document);
    }
    return document;
  }
}

function metadataReply(answer: MetadataAnswer): Reply {
  if (answer === 'absent') return wordRefusal(NOT_FOUND);
  return answer === 'unavailable' ? wordRefusal(UNAVAILABLE) : found(answer.found);
}

function found(body: string): Reply {
  return { status: 200, type: TEXT_TYPE, body };
}
