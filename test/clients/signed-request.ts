import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { SimulatedSet } from '../support/agent-process.ts';

/** One request to S3, and with what it was signed. */
export interface S3Request {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: it was not signed. */
  readonly accessKeyId: string | undefined;
  readonly sessionToken: string | undefined;
}

/** Reads signatures of version 4 and 2, in the header and in the query. */
export function signedRequest(request: IncomingMessage): S3Request {
  const headers = Object.fromEntries(
    Object.entries(request.headersDistinct).map(([name, values = []]) => [name, values.join(',')]),
  );
  const { method = '', url: target = '' } = request;
  const query = new URLSearchParams(target.split('?')[1] ?? '');
  const { authorization = '' } = headers;
  const key =
    /Credential=([^/]+)\//.exec(authorization)?.[1] ??
    /^AWS ([^:]+):/.exec(authorization)?.[1] ??
    query.get('X-Amz-Credential')?.split('/')[0] ??
    query.get('AWSAccessKeyId');
  return {
    method,
    target,
    headers,
    accessKeyId: key ?? undefined,
    sessionToken: headers['x-amz-security-token'] ?? query.get('X-Amz-Security-Token') ?? undefined,
  };
}

/** What is wrong with a signature that was to be made with this set; undefined where nothing is. */
export function wrongSignature(request: S3Request, set: SimulatedSet): string | undefined {
  const { method, target, accessKeyId, sessionToken } = request;
  const what = `${method} ${target}`;
  if (accessKeyId === undefined) return `${what} was not signed`;
  if (accessKeyId !== set.accessKeyId)
    return `${what} was signed with ${accessKeyId}, not ${set.accessKeyId}`;
  if (sessionToken !== set.sessionToken)
    return `${what} had ${sessionToken === undefined ? 'no' : 'another'} session token`;
  const made = /\bSignature=([0-9a-f]+)/.exec(request.headers.authorization ?? '')?.[1];
  // Version 2, or in the query: only the key and the token are looked at.
  if (made === undefined || made === signatureV4(request, set.secretAccessKey)) return undefined;
  return `${what} was signed with another secret access key`;
}

/**
 * AWS Signature Version 4 of a request to S3, which is its own canonical form but for the order of the query:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
function signatureV4({ method, target, headers }: S3Request, secretAccessKey: string): string {
  const { authorization = '' } = headers;
  const scope = /Credential=[^/]+\/([^,\s]+)/.exec(authorization)?.[1] ?? '';
  const names = (/SignedHeaders=([^,\s]+)/.exec(authorization)?.[1] ?? '').split(';');
  const [path = '', query = ''] = target.split('?');
  const canonical = [
    method,
    path,
    canonicalQuery(query),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}`),
    '',
    names.join(';'),
    headers['x-amz-content-sha256'] ?? sha256(''),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce<Buffer | string>(hmac, `AWS4${secretAccessKey}`);
  return hmac(key, toSign).toString('hex');
}

/** s3fs signs `delimiter=%2F` and sends `delimiter=/`. */
function canonicalQuery(query: string): string {
  const encoded = (text: string) =>
    encodeURIComponent(decodeURIComponent(text)).replaceAll(
      /[!'()*]/g,
      (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return `${encoded(name)}=${encoded(value.join('='))}`;
    })
    .sort()
    .join('&');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
