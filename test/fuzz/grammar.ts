import type { Random } from '../../src/domain/ports.ts';
import type { Target } from './surfaces.ts';

/** What one connection sends, and what may come back. */
export interface Attempt {
  readonly bytes: Buffer;
  readonly requests: number;
  /** The last request asks for the connection to be closed, or has to be answered by closing it. */
  readonly isClosing: boolean;
  /** `never`: no credential may come back. `must`: all of them must be answered with one. */
  readonly credentials: 'never' | 'must' | 'may';
}

const MOST_PIPELINED = 8;
/** Of a hundred connections: some show that what is asked for is there, so that refusals mean something. */
const RIGHTFUL_PERCENT = 4;
const POISONED_PERCENT = 26;

const HOSTS = ['localhost', '127.0.0.1', '127.0.0.1:9911', '[::1]:80', '169.254.169.254'];
const STRANGE_HOSTS = [
  'evil.example',
  '',
  'localhost.evil.example',
  '127.1',
  '2130706433',
  'localhost:x',
  'http://localhost',
  'local host',
  '\u00e9',
];
const METHODS = [
  'GET',
  'HEAD',
  'PUT',
  'POST',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PRI',
  'get',
  'BREW',
  'QUERY',
  '',
];
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/0.9',
  'HTTP/2.0',
  'HTTP/1.2',
  'HTTP/1.1 ',
  'http/1.1',
  'HTTP/11',
  '',
];
const HEADERS = [
  'Accept: */*',
  'User-Agent: aws-sdk-go/1.44.1 (go1.19; linux; amd64)',
  'Accept-Encoding: identity',
  'X-aws-ec2-metadata-token-ttl-seconds: 21600',
  'X-aws-ec2-metadata-token-ttl-seconds: 0',
  'X-aws-ec2-metadata-token-ttl-seconds: 99999999999999999999',
  'X-aws-ec2-metadata-token-ttl-seconds: -1',
  'Content-Length: 0',
  'Transfer-Encoding: chunked',
  'Expect: 100-continue',
  'Expect: 200-ok',
  'Connection: keep-alive',
  'Connection: close, upgrade',
  'Upgrade: h2c',
  'Range: bytes=0-10',
  'If-None-Match: *',
  'Cookie: a=b',
];
const BAD_HEADERS = [
  'Transfer-Encoding: identity, chunked',
  'Content-Length: 5',
  'Transfer-Encoding : chunked',
  'Content-Length: 18446744073709551616',
  'Content-Length: -5',
  ' folded: line',
  'No colon at all',
  ': no name',
  'X-Nul: a\0b',
  'X-Bare: a\rb',
  `X-Long: ${'a'.repeat(5_000)}`,
  `X-Longer: ${'a'.repeat(20_000)}`,
];
/** One of these in a request that is right otherwise, and it is refused: DESIGN's guards. */
const POISON_HEADERS = [
  'X-Forwarded-For: 10.0.0.1',
  'X-Forwarded-Host: localhost',
  'Forwarded: for=10.0.0.1',
  'Origin: http://localhost',
  'Origin: null',
  'Sec-Fetch-Site: cross-site',
  'Host: evil.example',
  'Host: localhost',
];
const CLOSE = 'Connection: close';
const BODIES = [
  '',
  'hello',
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '\0\0\0\0',
  'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
];

/** The next connection's bytes, as the random numbers have it. */
export function nextAttempt(target: Target, random: Random): Attempt {
  const percent = random() * 100;
  if (percent < RIGHTFUL_PERCENT) return rightful(target, random);
  if (percent < RIGHTFUL_PERCENT + POISONED_PERCENT) return poisoned(target, random);
  const requests = 1 + Math.floor(random() * MOST_PIPELINED);
  let text = '';
  for (let count = 0; count < requests; count++) text += anyRequest(target, random);
  const bytes = Buffer.from(text, 'latin1');
  const credentials = target.proof === undefined ? 'may' : 'never';
  return { bytes: random() < 0.3 ? mutated(bytes, random) : bytes, requests, isClosing: false, credentials };
}

/** As a real client asks, several at a time. */
function rightful(target: Target, random: Random): Attempt {
  const requests = 1 + Math.floor(random() * MOST_PIPELINED);
  const proof = target.proof === undefined ? '' : `${target.proof}\r\n`;
  let text = '';
  for (let count = 0; count < requests; count++) {
    const last = count === requests - 1 ? `${CLOSE}\r\n` : '';
    text += `GET ${pick(target.credentialPaths, random)} HTTP/1.1\r\nHost: ${pick(HOSTS.slice(0, 2), random)}\r\n${proof}${last}\r\n`;
  }
  return { bytes: Buffer.from(text, 'latin1'), requests, isClosing: true, credentials: 'must' };
}

/** With everything that it takes, and one thing for which it has to be refused. */
function poisoned(target: Target, random: Random): Attempt {
  const path = pick(target.credentialPaths, random);
  const proof = [CLOSE, ...(target.proof === undefined ? [] : [target.proof])];
  const host = [`Host: ${pick(HOSTS.slice(0, 2), random)}`];
  const poison: readonly (() => string)[] = [
    () => request('GET', path, 'HTTP/1.1', [...host, ...proof, pick(POISON_HEADERS, random)]),
    () => request('GET', path, 'HTTP/1.1', [`Host: ${pick(STRANGE_HOSTS, random)}`, ...proof]),
    () => request('GET', path, 'HTTP/1.1', proof),
    () => request('GET', `http://169.254.169.254${path}`, 'HTTP/1.1', [...host, ...proof]),
    () =>
      request(pick(['POST', 'DELETE', 'PATCH', 'OPTIONS', 'PUT'], random), path, 'HTTP/1.1', [
        ...host,
        ...proof,
      ]),
    () => request('GET', path, pick(['HTTP/2.0', 'HTTP/1.2', 'HTTP/0.9'], random), [...host, ...proof]),
    () =>
      request(
        'GET',
        `${path}${pick(['/x', '%00', '\0', '#x', ' x', '/../..', '.json'], random)}`,
        'HTTP/1.1',
        [...host, ...proof],
      ),
  ];
  return {
    bytes: Buffer.from(pick(poison, random)(), 'latin1'),
    requests: 1,
    isClosing: true,
    credentials: 'never',
  };
}

/** Anything that looks like a request, without the proof that it would take. */
function anyRequest(target: Target, random: Random): string {
  const isUsual = random() < 0.85;
  const paths = random() < 0.7 ? target.credentialPaths : target.otherPaths;
  const headers =
    isUsual || random() < 0.7 ? [`Host: ${pick(random() < 0.9 ? HOSTS : STRANGE_HOSTS, random)}`] : [];
  if (target.guesses.length > 0 && random() < 0.6) headers.push(pick(target.guesses, random));
  for (let count = Math.floor(random() * 3); count > 0; count--) {
    headers.push(pick(random() < 0.95 ? HEADERS : BAD_HEADERS, random));
  }
  if (random() < 0.1) headers.push(pick(POISON_HEADERS, random));
  const method = isUsual ? pick(target.methods, random) : pick(METHODS, random);
  const version = isUsual ? 'HTTP/1.1' : pick(VERSIONS, random);
  const separator = random() < 0.99 ? '\r\n' : pick(['\n', '\r', '\r\r\n'], random);
  return (
    request(method, pick(paths, random), version, headers, separator) +
    (random() < 0.06 ? pick(BODIES, random) : '')
  );
}

function request(
  method: string,
  path: string,
  version: string,
  headers: readonly string[],
  separator = '\r\n',
): string {
  return `${[`${method} ${path} ${version}`, ...headers].join(separator)}${separator}${separator}`;
}

/** A few bytes flipped, taken out, doubled, put in, or all behind one cut off. */
function mutated(bytes: Buffer, random: Random): Buffer {
  let result = bytes;
  for (let count = 1 + Math.floor(random() * 4); count > 0; count--) {
    const at = Math.floor(random() * result.length);
    const length = 1 + Math.floor(random() * 12);
    const before = result.subarray(0, at);
    const kind = Math.floor(random() * 5);
    if (kind === 0) {
      result = Buffer.from(result);
      result[at] = Math.floor(random() * 256);
    } else if (kind === 1) result = Buffer.concat([before, result.subarray(at + length)]);
    else if (kind === 2)
      result = Buffer.concat([before, result.subarray(at, at + length), result.subarray(at)]);
    else if (kind === 3) result = Buffer.concat([before, noise(length, random), result.subarray(at)]);
    else result = Buffer.from(before);
  }
  return result;
}

function noise(length: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

export function pick<T>(from: readonly T[], random: Random): T {
  const picked = from[Math.floor(random() * from.length)];
  if (picked === undefined) throw new Error('There is nothing to pick from');
  return picked;
}
