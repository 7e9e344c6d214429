/**
 * Raw bytes over real sockets, against every HTTP surface. Each request would get credentials but for the one thing that
 * is wrong with it: it has the right path and what the surface wants to see.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentEndpoint } from '../../src/delivery/agent-endpoint.ts';
import { CONTAINER_PATH, containerEndpoint } from '../../src/delivery/container-endpoint.ts';
import { closeHttpSurface, createHttpSurface } from '../../src/delivery/http-surface.ts';
import { imdsEndpoint } from '../../src/delivery/imds-endpoint.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { listenOnLoopback } from '../../src/platform/tcp-listener.ts';
import { listenOnUnixSocket } from '../../src/platform/unix-listener.ts';
import { eventually } from '../support/eventually.ts';
import { type Address, exchange, statuses } from '../support/raw-http.ts';
import { coldStore, holdsSecret, type ServedStore, servedStore } from '../support/surface.ts';

interface Surface {
  readonly name: string;
  readonly path: string;
  /** Header lines that show that the caller may ask. */
  readonly auth: string;
  readonly listener: (served: ServedStore) => Parameters<typeof createHttpSurface>[0];
}

const SURFACES: readonly Surface[] = [
  {
    name: 'agent endpoint',
    path: '/v1/credentials',
    auth: '',
    listener: ({ store }) =>
      agentEndpoint({
        reader: store.reader,
        status: () => ({}),
        isAlive: () => true,
        isReady: () => true,
      } as Parameters<typeof agentEndpoint>[0]),
  },
  {
    name: 'container endpoint',
    path: CONTAINER_PATH,
    auth: 'Authorization: EXAMPLE-token\r\n',
    listener: ({ store }) =>
      containerEndpoint({ reader: store.reader, token: { accepts: (token) => token === 'EXAMPLE-token' } }),
  },
  {
    name: 'IMDS endpoint',
    path: '/latest/meta-data/iam/security-credentials/web',
    auth: 'X-aws-ec2-metadata-token: EXAMPLE-token\r\n',
    listener: ({ store, clock }) =>
      imdsEndpoint({
        reader: store.reader,
        issuedTokens: {
          issue: () => 'EXAMPLE-issued',
          remainingSeconds: (token) => (token === 'EXAMPLE-token' ? 60 : undefined),
        },
        metadata: { read: () => undefined },
        tokenlessUids: new Set(),
        peers: { uidOf: async () => undefined },
        clock,
      }),
  },
];

const REST = 'Connection: close\r\n\r\n';
const HOST = 'Host: localhost\r\n';

/** What is sent, `PATH` and `AUTH` being the surface's own, and the statuses that come back; none: only a closed connection. */
const CORPUS: readonly [string, string, number[]][] = [
  ['a TLS client hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [400]],
  ['HTTP/0.9', 'GET PATH\r\n\r\n', [505]],
  ['HTTP/1.0 without Host', `GET PATH HTTP/1.0\r\nAUTH\r\n`, [400]],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
  ['HTTP/2 in words', `GET PATH HTTP/2.0\r\n${HOST}AUTH${REST}`, [505]],
  ['HTTP/1.2', `GET PATH HTTP/1.2\r\n${HOST}AUTH${REST}`, [400]],
  ['no version', `GET PATH\r\n${HOST}AUTH${REST}`, [505]],

  ...['POST', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'PUT'].map(
    (method): [string, string, number[]] => [method, `${method} PATH HTTP/1.1\r\n${HOST}AUTH${REST}`, [405]],
  ),
  ['a method that does not exist', `BREW PATH HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['a method in lower case', `get PATH HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['CONNECT', `CONNECT localhost:80 HTTP/1.1\r\n${HOST}AUTH${REST}`, []],
  ['CONNECT to a path', `CONNECT PATH HTTP/1.1\r\n${HOST}AUTH${REST}`, []],

  ['a target in absolute form', `GET http://169.254.169.254PATH HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['a target in absolute form, to us', `GET http://localhostPATH HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['the target *', `OPTIONS * HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['a target without a slash', `GET localhostPATH HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['a fragment', `GET PATH#x HTTP/1.1\r\n${HOST}AUTH${REST}`, [404]],
  ['a NUL in the target', `GET PATH\0 HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['an escaped NUL in the target', `GET PATH%00 HTTP/1.1\r\n${HOST}AUTH${REST}`, [404]],
  ['an escape that is none', `GET PATH%zz HTTP/1.1\r\n${HOST}AUTH${REST}`, [404]],
  ['a step up', `GET PATH/../x HTTP/1.1\r\n${HOST}AUTH${REST}`, [404]],
  ['a blank in the target', `GET PATH x HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],

  ['no Host', `GET PATH HTTP/1.1\r\nAUTH${REST}`, [400]],
  ['two Hosts', `GET PATH HTTP/1.1\r\n${HOST}${HOST}AUTH${REST}`, [400]],
  ['two Hosts, ours first', `GET PATH HTTP/1.1\r\n${HOST}Host: evil.example\r\nAUTH${REST}`, [400]],
  ['two Hosts, ours last', `GET PATH HTTP/1.1\r\nHost: evil.example\r\n${HOST}AUTH${REST}`, [400]],
  ...[
    'evil.example',
    'evil.example:9911',
    '',
    ':9911',
    'localhost.evil.example',
    'evil.example#localhost',
    'localhost@evil.example',
    'localhost:9911:9911',
    'localhost:',
    'localhost:999999',
    'localhost.',
    'localhost, localhost',
    'localhost evil.example',
    'http://localhost',
    '127.0.0.1.evil.example',
    '127.1',
    '0177.0.0.1',
    '2130706433',
    '::1',
    '[::1',
    '[::ffff:127.0.0.1]',
    '10.0.0.1',
    '0.0.0.0',
  ].map((host): [string, string, number[]] => [
    `the Host ${host || 'of no name'}`,
    `GET PATH HTTP/1.1\r\nHost: ${host}\r\nAUTH${REST}`,
    [403],
  ]),

  ...[
    'X-Forwarded-For: 10.0.0.1',
    'x-forwarded-for:',
    'X-Forwarded-Host: localhost',
    'X-Forwarded-Proto: http',
    'Forwarded: for=10.0.0.1',
    'Via: 1.1 proxy',
    'Origin: http://localhost',
    'Origin: null',
    'Referer: http://localhost/',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: no-cors',
  ].map((header): [string, string, number[]] => [
    `the header ${header}`,
    `GET PATH HTTP/1.1\r\n${HOST}AUTH${header}\r\n${REST}`,
    [403],
  ]),

  ['9 KiB of one header', `GET PATH HTTP/1.1\r\n${HOST}AUTHX: ${'x'.repeat(9_216)}\r\n${REST}`, [431]],
  ['9 KiB of many headers', `GET PATH HTTP/1.1\r\n${HOST}AUTH${'X: y\r\n'.repeat(1_536)}${REST}`, [431]],
  ['9 KiB of target', `GET PATH?${'x'.repeat(9_216)} HTTP/1.1\r\n${HOST}AUTH${REST}`, [431]],
  ['9 KiB of method', 'G'.repeat(9_216), [400]],
  ['a header without end', `GET PATH HTTP/1.1\r\n${HOST}AUTHX: ${'x'.repeat(100_000)}`, [431]],

  ['a NUL in a header', `GET PATH HTTP/1.1\r\n${HOST}AUTHX: a\0b\r\n${REST}`, [400]],
  ['a NUL in the Host', `GET PATH HTTP/1.1\r\nHost: localhost\0.evil.example\r\nAUTH${REST}`, [400]],
  ['NULs alone', '\0'.repeat(1_000), [400]],
  ['a folded header', `GET PATH HTTP/1.1\r\n${HOST}AUTHX: a\r\n b\r\n${REST}`, [400]],
  ['a Host that is folded', `GET PATH HTTP/1.1\r\nHost:\r\n localhost\r\nAUTH${REST}`, [400]],
  ['a header without a colon', `GET PATH HTTP/1.1\r\n${HOST}AUTHX\r\n${REST}`, [400]],
  ['a header without a name', `GET PATH HTTP/1.1\r\n${HOST}AUTH: x\r\n${REST}`, [400]],
  ['a blank before the colon', `GET PATH HTTP/1.1\r\n${HOST}AUTHX : x\r\n${REST}`, [400]],
  ['a bare CR in a header', `GET PATH HTTP/1.1\r\n${HOST}AUTHX: a\rb\r\n${REST}`, [400]],
  ['a bare LF after the request line', `GET PATH HTTP/1.1\n${HOST}AUTH${REST}`, [400]],
  ['bare LFs', `GET PATH HTTP/1.1\nHost: localhost\nConnection: close\n\n`, [400]],

  ...[
    'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
    'Content-Length: 5\r\nContent-Length: 6\r\n',
    'Content-Length: 5\r\nContent-Length: 5\r\n',
    'Content-Length: 5, 5\r\n',
    'Content-Length: +5\r\n',
    'Content-Length: -1\r\n',
    'Content-Length: 0x5\r\n',
    'Content-Length: 99999999999999999999999\r\n',
    'Transfer-Encoding: chunked, identity\r\n',
    'Transfer-Encoding : chunked\r\n',
    'Transfer-Encoding:\x0bchunked\r\n',
  ].map((headers): [string, string, number[]] => [
    `a body as long as ${JSON.stringify(headers)} says`,
    `GET PATH HTTP/1.1\r\n${HOST}AUTH${headers}${REST}0\r\n\r\nGET PATH HTTP/1.1\r\n${HOST}AUTH${REST}`,
    [400],
  ]),
  // Here the request was taken up before the parser found out.
  ...['xchunked', 'identity', 'gzip'].map((coding): [string, string, number[]] => [
    `the transfer coding ${coding}`,
    `GET PATH HTTP/1.1\r\n${HOST}AUTHTransfer-Encoding: ${coding}\r\n${REST}`,
    [],
  ]),
  ['an expectation that nobody can meet', `GET PATH HTTP/1.1\r\n${HOST}AUTHExpect: gold\r\n${REST}`, [417]],
];

describe.each(SURFACES)('$name', (surface) => {
  const directory = mkdtempSync(join(tmpdir(), 'rolekeeper-test-'));
  let at: Address;
  let close: () => Promise<void>;

  beforeAll(async () => {
    ({ at, close } = await open(surface, directory));
  });
  afterAll(async () => {
    await close();
    rmSync(directory, { recursive: true });
  });

  function bytes(template: string): Buffer {
    const text = template.replaceAll('PATH', surface.path).replaceAll('AUTH', surface.auth);
    return Buffer.from(text, 'latin1');
  }

  const CLEAN = `GET PATH HTTP/1.1\r\n${HOST}AUTH${REST}`;

  test('the request with nothing wrong gets the credentials', async () => {
    const text = await exchange(at, bytes(CLEAN));
    expect(statuses(text)).toEqual([200]);
    expect(holdsSecret(text)).toBe(true);
  });

  test.each(CORPUS)('%s', async (_, template, expected) => {
    const text = await exchange(at, bytes(template));
    expect(statuses(text)).toEqual(expected);
    expect(holdsSecret(text)).toBe(false);
    expect(text).not.toContain('EXAMPLE-');
  });

  test('half a request, and our end of the connection closed', async () => {
    for (let length = 1; length < CLEAN.length; length += 7) {
      const text = await exchange(at, bytes(CLEAN).subarray(0, length), { half: true });
      expect(holdsSecret(text)).toBe(false);
    }
  });

  test('a hundred refused requests in one connection are refused one by one', async () => {
    const refused = `GET PATH HTTP/1.1\r\nHost: evil.example\r\nAUTH\r\n`;
    const last = `GET PATH HTTP/1.1\r\nHost: evil.example\r\nAUTH${REST}`;
    for (const count of [2, 15]) {
      const text = await exchange(at, bytes(refused.repeat(count) + last));
      expect(statuses(text)).toEqual(Array(count + 1).fill(403));
    }
  });

  test('bytes of every kind', async () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed;
    };
    for (let round = 0; round < 200; round++) {
      const request = bytes(`GET PATH HTTP/1.1\r\nHost: evil.example\r\nAUTH${REST}`);
      for (let change = 0; change <= round % 8; change++) request[random() % request.length] = random() % 256;
      const text = await exchange(at, request, { half: true });
      expect(holdsSecret(text)).toBe(false);
      for (const status of statuses(text)) expect(status).toBeGreaterThanOrEqual(400);
    }
  });

  test('and after all that it still serves', async () => {
    expect(holdsSecret(await exchange(at, bytes(CLEAN)))).toBe(true);
  });
});

describe('who takes their time', () => {
  const SLOW = { headersTimeout: 40, requestTimeout: 60, connectionsCheckingInterval: 10 };

  test.each([
    ['sends nothing', ''],
    ['sends half a request line', 'GET /v1'],
    ['sends headers without end', `GET /v1/credentials HTTP/1.1\r\n${HOST}X: `],
  ])('a client that %s is cut off', async (_, bytes) => {
    const { at, close } = await open(SURFACES[0], '', SLOW);
    const text = await exchange(at, bytes);
    expect(statuses(text)).toEqual([408]);
    await close();
  });

  test('a client that promises a body and does not send it gets no token', async () => {
    const { at, close } = await open(SURFACES[2], '', SLOW);
    const put = `PUT /latest/api/token HTTP/1.1\r\n${HOST}X-aws-ec2-metadata-token-ttl-seconds: 60\r\n`;
    const text = await exchange(at, `${put}Content-Length: 5\r\n\r\n`);
    expect(text).not.toContain('EXAMPLE-issued');
    expect(statuses(text)).toEqual([]);
    await close();
  });

  test('a client that asks a lot and waits for a cold agent is cut off at the 17th request', async () => {
    const cold = coldStore();
    const { at, close } = await open(SURFACES[0], '', {}, cold);
    const asked = `GET /v1/credentials HTTP/1.1\r\n${HOST}\r\n`;
    const many = exchange(at, asked.repeat(17));
    const enough = exchange(at, asked.repeat(16), { until: /(503[\s\S]*){16}/ });
    await eventually(() => cold.clock.pendingTimers() >= 16);
    expect(await many).toBe('');
    await cold.clock.advance(1_500);
    expect(statuses(await enough)).toEqual(Array(16).fill(503));
    await close();
  });

  test('rubbish behind a request that is still being answered ends the connection, and is no answer to it', async () => {
    const cold = coldStore();
    const { at, close } = await open(SURFACES[0], '', {}, cold);
    const text = await exchange(at, `GET /v1/credentials HTTP/1.1\r\n${HOST}\r\n\0\0\0`);
    expect(text).toBe('');
    await close();
  });

  test('a client that hangs up while it is held leaves nothing behind', async () => {
    const cold = coldStore();
    const { at, close } = await open(SURFACES[0], '', {}, cold);
    const socket = connect({ ...at });
    socket.end(`GET /v1/credentials HTTP/1.1\r\n${HOST}\r\n`);
    await eventually(() => cold.clock.pendingTimers() === 1);
    socket.destroy();
    await cold.clock.advance(1_500);
    expect(cold.clock.pendingTimers()).toBe(0);
    await close();
  });
});

/** With a directory: on a Unix socket where the surface is the agent's. */
async function open(
  surface: Surface | undefined,
  directory: string,
  limits: Parameters<typeof createHttpSurface>[1] = {},
  served = servedStore(),
): Promise<{ at: Address; close: () => Promise<void> }> {
  if (surface === undefined) throw new Error('no such surface');
  const server = createHttpSurface(surface.listener(served), limits);
  const isAgent = surface.auth === '' && directory !== '';
  const path = join(directory, 'agent.sock');
  const release = isAgent ? await listenOnUnixSocket(server, { path, mode: 0o600 }) : () => {};
  const at = isAgent ? { path } : await listenOnLoopback(server, { host: '127.0.0.1', port: 0 });
  return {
    at,
    async close() {
      await closeHttpSurface(server, 0, systemClock.setTimer);
      release();
    },
  };
}
