import type { IncomingMessage } from 'node:http';
import { onlyHeader } from '../headers.ts';
import { type IssuedTokens, LONGEST_TTL_SECONDS } from '../issued-tokens.ts';
import { type Reply, TEXT_TYPE, wordRefusal } from '../reply.ts';

export const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';

/** Bytes. Clients send no body, or an empty one. */
const LONGEST_BODY = 1024;

/**
 * `PUT /latest/api/token`. Whether there are credentials makes no difference: an SDK that is refused a token for a
 * passing reason goes on without tokens. Undefined where the request broke off.
 */
export async function tokenReply(
  request: IncomingMessage,
  issuedTokens: IssuedTokens,
): Promise<Reply | undefined> {
  const ttl = grantedTtl(request);
  const body = await readBody(request);
  if (body === 'broken-off') return undefined;
  if (body === 'too-long') return refusal('body-too-long', 'The body of a token request must be empty.');
  if (ttl === undefined) {
    return refusal('bad-ttl', `The header ${TTL_HEADER} must be a number from 1 to ${LONGEST_TTL_SECONDS}.`);
  }
  return {
    status: 200,
    type: TEXT_TYPE,
    body: issuedTokens.issue(ttl),
    // The SDKs for Rust and Kotlin refuse a token without it.
    headers: { [TTL_HEADER]: String(ttl) },
  };
}

function grantedTtl(request: IncomingMessage): number | undefined {
  const asked = onlyHeader(request, TTL_HEADER) ?? '';
  const ttl = /^\d{1,5}$/.test(asked) ? Number(asked) : 0;
  return ttl >= 1 && ttl <= LONGEST_TTL_SECONDS ? ttl : undefined;
}

/** 400 is what every SDK takes for final without drawing a conclusion about IMDSv2. */
function refusal(code: string, message: string): Reply {
  return wordRefusal({ status: 400, code, message });
}

/** To its end before anything is answered: curl, sending in chunks, takes an early answer for a broken connection. */
function readBody(request: IncomingMessage): Promise<'read' | 'too-long' | 'broken-off'> {
  const { promise, resolve } = Promise.withResolvers<'read' | 'too-long' | 'broken-off'>();
  // There was none: such a request ends without an event.
  if (request.readableEnded) resolve('read');
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > LONGEST_BODY) resolve('too-long');
  });
  request.once('end', () => resolve('read'));
  request.once('close', () => resolve('broken-off'));
  return promise;
}
