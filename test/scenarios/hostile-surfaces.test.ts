/** Raw bytes over real sockets, against every surface: each by itself, and the whole agent with all of them open. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
import { everySurface, machineWithEverySurface, served } from '../support/every-surface.ts';
import { openGate } from '../support/gate.ts';
import { HOST, HOSTILE, REST } from '../support/hostile-requests.ts';
import { type Address, ask, exchange, statuses } from '../support/raw-http.ts';
import { coldStore, holdsSecret, type ServedStore, servedStore } from '../support/surface.ts';

interface Surface {
  readonly name: string;
  readonly path: string;
  /** Default: `GET`. */
  readonly method?: 'PUT';
  /** Header lines that show that the caller may ask. */
  readonly auth: string;
  readonly listener: (served: ServedStore) => Parameters<typeof createHttpSurface>[0];
}

const SURFACES: readonly Surface[] = [
  { name: 'agent endpoint', path: '/v1/credentials', auth: '', listener: agentListener },
  {
    name: 'container endpoint',
    path: CONTAINER_PATH,
    auth: 'Authorization: EXAMPLE-token\r\n',
    listener: ({ store }) =>
      containerEndpoint({
        reader: store.reader,
        gate: openGate(),
        token: { accepts: (token) => token === 'EXAMPLE-token' },
      }),
  },
  {
    name: 'IMDS endpoint',
    path: '/latest/meta-data/iam/security-credentials/web',
    auth: 'X-aws-ec2-metadata-token: EXAMPLE-token\r\n',
    listener: imdsListener,
  },
  {
    name: 'agent endpoint, for credential_process',
    path: '/v1/credential-process',
    auth: '',
    listener: agentListener,
  },
  {
    name: 'metadata token',
    path: '/latest/api/token',
    method: 'PUT',
    auth: 'X-aws-ec2-metadata-token-ttl-seconds: 60\r\n',
    listener: imdsListener,
  },
];

function agentListener({ store }: ServedStore) {
  return agentEndpoint({
    reader: store.reader,
    gate: openGate(),
    status: () => ({}),
    isAlive: () => true,
    isReady: () => true,
  } as Parameters<typeof agentEndpoint>[0]);
}

function imdsListener({ store, clock }: ServedStore) {
  return imdsEndpoint({
    reader: store.reader,
    issuedTokens: {
      issue: () => 'EXAMPLE-issued',
      remainingSeconds: (token) => (token === 'EXAMPLE-token' ? 60 : undefined),
    },
    metadata: { read: () => undefined },
    tokenlessUids: new Set(),
    gate: openGate(),
    clock,
  });
}

/** What there is to get from the surface. */
function isServed(text: string): boolean {
  return holdsSecret(text) || text.includes('EXAMPLE-issued');
}

function bytesFor(
  { path, auth, method }: Pick<Surface, 'path' | 'auth' | 'method'>,
  template: string,
): Buffer {
  const text = template
    .replaceAll('GET PATH', `${method ?? 'GET'} PATH`)
    .replaceAll('PATH', path)
    .replaceAll('AUTH', auth);
  return Buffer.from(text, 'latin1');
}

/** For `PUT` there is but one path, and every other one has other methods. */
function corpusFor({ method }: Pick<Surface, 'method'>): typeof HOSTILE {
  if (method === undefined) return HOSTILE;
  const others = HOSTILE.filter(([name]) => name !== 'PUT');
  return others.map(([name, template, expected]) => [
    name,
    template,
    expected.map((status) => (status === 404 ? 405 : status)),
  ]);
}

describe.each(SURFACES)('$name', (surface) => {
  const directory = mkdtempSync(join(tmpdir(), 'rolekeeper-test-'));
  let at: Address;
  let close: () => Promise<void>;
  let descriptors: number;

  beforeAll(async () => {
    ({ at, close } = await open(surface, directory));
    descriptors = openDescriptors();
  });
  afterAll(async () => {
    await close();
    rmSync(directory, { recursive: true });
  });

  const bytes = (template: string) => bytesFor(surface, template);
  const CLEAN = `GET PATH HTTP/1.1\r\n${HOST}AUTH${REST}`;

  test('the request with nothing wrong gets the credentials', async () => {
    const text = await exchange(at, bytes(CLEAN));
    expect(statuses(text)).toEqual([200]);
    expect(isServed(text)).toBe(true);
  });

  test('and gets them where our end of the connection is closed behind it', async () => {
    expect(isServed(await exchange(at, bytes(CLEAN), { half: true }))).toBe(true);
  });

  // What real clients send, odd as it looks: the Java runtime's own client offers HTTP/2, others speak HTTP/1.0.
  test.each([
    [
      'offers HTTP/2',
      'HTTP/1.1',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n',
    ],
    ['offers a websocket', 'HTTP/1.1', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
    ['speaks HTTP/1.0', 'HTTP/1.0', ''],
    ['speaks HTTP/1.0 and wants to go on', 'HTTP/1.0', 'Connection: keep-alive\r\n'],
    ['wants to go on', 'HTTP/1.1', 'Connection: keep-alive\r\n'],
    ['says that its body is empty', 'HTTP/1.1', 'Content-Length: 0\r\n'],
    ['sends an empty body in chunks', 'HTTP/1.1', 'Transfer-Encoding: chunked\r\n'],
    ['asks whether to go on', 'HTTP/1.1', 'Expect: 100-continue\r\nContent-Length: 0\r\n'],
    ['wants a part', 'HTTP/1.1', 'Range: bytes=0-9\r\n'],
    [
      'has it already',
      'HTTP/1.1',
      'If-None-Match: *\r\nIf-Modified-Since: Mon, 23 Nov 2026 08:00:00 GMT\r\n',
    ],
    ['accepts something else', 'HTTP/1.1', 'Accept: text/html\r\nAccept-Encoding: gzip, br\r\n'],
    ['sends cookies', 'HTTP/1.1', 'Cookie: a=b\r\n'],
  ])('a client that %s gets one whole answer', async (_, version, headers) => {
    const body = headers.includes('chunked') ? '0\r\n\r\n' : '';
    const request = bytes(`\r\nGET PATH ${version}\r\n${HOST}AUTH${headers}\r\n${body}`);
    const text = await exchange(at, request, { half: true });
    expect(statuses(text).filter((status) => status !== 100)).toEqual([200]);
    expect(isServed(text)).toBe(true);
  });

  test('two requests in one go get two answers', async () => {
    const text = await exchange(at, bytes(`GET PATH HTTP/1.1\r\n${HOST}AUTH\r\n${CLEAN}`));
    expect(statuses(text)).toEqual([200, 200]);
  });

  test.each(corpusFor(surface))('%s', async (_, template, expected) => {
    const text = await exchange(at, bytes(template));
    expect(statuses(text)).toEqual(expected);
    expect(isServed(text)).toBe(false);
    expect(text).not.toContain('EXAMPLE-');
  });

  test('half a request, and our end of the connection closed', async () => {
    for (let length = 1; length < CLEAN.length; length += 7) {
      const text = await exchange(at, bytes(CLEAN).subarray(0, length), { half: true });
      expect(isServed(text)).toBe(false);
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

  test.each(['Content-Length', 'Transfer-Encoding'])(
    'a good request in the body of a refused one, by %s, is a body and nothing else',
    async (by) => {
      const good = bytes(CLEAN).toString('latin1');
      const [header, body] =
        by === 'Content-Length'
          ? [`Content-Length: ${good.length}`, good]
          : ['Transfer-Encoding: chunked', `${good.length.toString(16)}\r\n${good}\r\n0\r\n\r\n`];
      const refused = bytes(`GET PATH HTTP/1.1\r\nHost: evil.example\r\nAUTH${header}\r\n\r\n`).toString(
        'latin1',
      );
      const last = bytes(`GET PATH HTTP/1.1\r\nHost: evil.example\r\nAUTH${REST}`).toString('latin1');
      const text = await exchange(at, `${refused}${body}${last}`);
      expect(statuses(text)).toEqual([403, 403]);
      expect(isServed(text)).toBe(false);
    },
  );

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
      expect(isServed(text)).toBe(false);
      for (const status of statuses(text)) expect(status).toBeGreaterThanOrEqual(400);
    }
  });

  test('and after all that it still serves, and holds no descriptor of those who asked', async () => {
    expect(isServed(await exchange(at, bytes(CLEAN)))).toBe(true);
    await eventually(() => openDescriptors() <= descriptors);
  });
});

describe('defect 18 of the peers: who takes their time', () => {
  const SLOW = { headersTimeout: 40, requestTimeout: 60, connectionsCheckingInterval: 10 };

  describe.each(SURFACES)('on the surface $name', (surface) => {
    test.each([
      ['sends nothing', ''],
      ['sends half a request line', 'GET /v1'],
      ['sends headers without end', `GET PATH HTTP/1.1\r\n${HOST}AUTHX: `],
    ])('a client that %s is cut off', async (_, template) => {
      const { at, close } = await open(surface, '', SLOW);
      const text = await exchange(at, bytesFor(surface, template));
      expect(statuses(text)).toEqual([408]);
      expect(isServed(text)).toBe(false);
      await close();
    });
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

describe('the whole agent', () => {
  test('withstands all of it on every listener, goes on serving, and holds no descriptor of those who asked', async () => {
    await using machine = await machineWithEverySurface({ settings: { 'metrics.listen': '127.0.0.1:0' } });
    await machine.start();
    const set = machine.instance.currentSet();
    if (set === undefined) throw new Error('No role is attached');
    const all = served(set);
    const inRuntime = (name: string) => join(machine.runtimeDirectory, name);
    const { containerUrl, imdsUrl, metricsUrl } = machine.agent();
    const [container, imds, metrics] = [containerUrl, imdsUrl, metricsUrl].map((url): Address => {
      const { hostname, port } = new URL(url ?? '');
      return { host: hostname, port: Number(port) };
    }) as [Address, Address, Address];
    const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': '600' };
    const issued = (await ask(imds, 'PUT', '/latest/api/token', ttl)).body;
    const token = readFileSync(inRuntime('container-token'), 'utf8');
    const listeners: readonly (Omit<Surface, 'name' | 'listener'> & { readonly at: Address })[] = [
      { at: { path: inRuntime('agent.sock') }, path: '/v1/credentials', auth: '' },
      { at: container, path: CONTAINER_PATH, auth: `Authorization: ${token}\r\n` },
      {
        at: imds,
        path: '/latest/meta-data/iam/security-credentials/web',
        auth: `X-aws-ec2-metadata-token: ${issued}\r\n`,
      },
      { at: metrics, path: '/metrics', auth: '' },
      // The named user needs no token.
      { at: imds, path: '/latest/meta-data/iam/security-credentials/web', auth: '' },
      {
        at: imds,
        path: '/latest/api/token',
        auth: 'X-aws-ec2-metadata-token-ttl-seconds: 60\r\n',
        method: 'PUT',
      },
    ];
    const secrets = [set.secretAccessKey, set.sessionToken.slice(0, 100), set.sessionToken.slice(-100)];
    expect(await everySurface(machine, all)).toEqual(all);
    const descriptors = openDescriptors();

    for (const { at, ...surface } of listeners) {
      for (const [name, template, expected] of corpusFor(surface)) {
        const text = await exchange(at, bytesFor(surface, template));
        expect(statuses(text), `${name} on ${surface.path}`).toEqual(expected);
        for (const secret of [...secrets, token, issued]) expect(text.includes(secret), name).toBe(false);
      }
    }
    // It reads nothing, so nothing can be wrong with what it is sent: everybody gets the line.
    const line = { path: inRuntime('credentials.sock') };
    for (const [name, template] of HOSTILE) {
      const text = await exchange(line, bytesFor({ path: '/', auth: '' }, template));
      expect(JSON.parse(text).AccessKeyId, name).toBe(set.accessKeyId);
    }
    await eventually(() => openDescriptors() <= descriptors);
    expect(await everySurface(machine, all)).toEqual(all);
    const warnings = [...machine.log.at('error'), ...machine.log.at('warn')];
    expect(new Set(warnings)).toEqual(
      new Set(['Access denied: see rolekeeper callers, and rolekeeper access test']),
    );
  }, 60_000);

  test('without credentials, nothing that is sent to the line socket brings a byte', async () => {
    await using machine = await machineWithEverySurface({ instance: { role: null } });
    await machine.start();
    const line = { path: join(machine.runtimeDirectory, 'credentials.sock') };
    for (const [name, template] of HOSTILE) {
      expect(await exchange(line, bytesFor({ path: '/', auth: '' }, template)), name).toBe('');
    }
  });
});

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

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
