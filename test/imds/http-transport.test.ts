import { execFile, spawn } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttpTransport, type HttpTransportOptions } from '../../src/imds/http-transport.ts';
import { LONGEST_BODY, TransportError, type TransportRequest } from '../../src/imds/transport.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { manualClock, settle } from '../support/manual-clock.ts';
import { deadOrigin, rawServer, sends, sendsAndEnds } from './raw-server.ts';
import { until } from './until.ts';

const OK = 'HTTP/1.1 200 OK\r\n';

function request(
  origin: string,
  overrides: Partial<TransportRequest> = {},
  options: Partial<HttpTransportOptions> = {},
) {
  const transport = createHttpTransport({
    origin,
    connectTimeoutMs: 1_000,
    requestTimeoutMs: 2_000,
    clock: manualClock(), // its timers never fire by themselves: what ends here, ends by what the server did
    version: '1.2.3',
    ...options,
  });
  return transport({
    method: 'GET',
    path: '/latest/meta-data/',
    headers: {},
    signal: new AbortController().signal,
    ...overrides,
  });
}

async function failureOf(exchange: Promise<unknown>): Promise<TransportError> {
  const thrown: unknown = await exchange.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof TransportError)) throw new Error(`Expected a TransportError: ${String(thrown)}`);
  return thrown;
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('what is sent', () => {
  test('is one plain HTTP/1.1 request that names rolekeeper and asks to close', async () => {
    const server = await rawServer(sends(`${OK}Content-Length: 0\r\n\r\n`));
    await request(server.origin, { headers: { 'x-aws-ec2-metadata-token': 'EXAMPLE' } });
    const [line, ...headers] = server.requests[0]?.trim().split('\r\n') ?? [];
    expect(line).toBe('GET /latest/meta-data/ HTTP/1.1');
    expect(headers.toSorted()).toEqual([
      'accept: */*',
      'connection: close',
      `host: 127.0.0.1:${server.port}`,
      'user-agent: rolekeeper/1.2.3',
      'x-aws-ec2-metadata-token: EXAMPLE',
    ]);
  });

  test('is a PUT with an empty body of stated length', async () => {
    const server = await rawServer(sends(`${OK}Content-Length: 0\r\n\r\n`));
    await request(server.origin, { method: 'PUT', path: '/latest/api/token' });
    expect(server.requests[0]).toMatch(/^PUT \/latest\/api\/token HTTP\/1\.1\r\n/);
    expect(server.requests[0]).toMatch(/\r\ncontent-length: 0\r\n/i);
  });

  test('goes over IPv6 too', async () => {
    const server = await rawServer(sends(`${OK}Content-Length: 2\r\n\r\nv6`), '::1');
    expect((await request(server.origin)).body).toBe('v6');
    expect(server.requests[0]).toContain(`host: [::1]:${server.port}`);
  });
});

describe('what is received', () => {
  test('is the status, the body, the date and the granted TTL, whatever the case of their names', async () => {
    const head = 'DATE: Mon, 23 Nov 2026 08:00:00 GMT\r\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\r\n';
    const server = await rawServer(sends(`${OK}${head}Content-Length: 7\r\n\r\nEXAMPLE`));
    expect(await request(server.origin)).toEqual({
      status: 200,
      body: 'EXAMPLE',
      date: 'Mon, 23 Nov 2026 08:00:00 GMT',
      grantedTtl: '21600',
    });
  });

  test.each([
    ['in chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nEXA\r\n4\r\nMPLE\r\n0\r\n\r\n`],
    ['over HTTP/1.0, ended by the connection', 'HTTP/1.0 200 OK\r\n\r\nEXAMPLE'],
    ['without a length, ended by the connection', `${OK}Connection: close\r\n\r\nEXAMPLE`],
    ['after an early hint', `HTTP/1.1 103 Early Hints\r\n\r\n${OK}Content-Length: 7\r\n\r\nEXAMPLE`],
    ['with more behind it', `${OK}Content-Length: 7\r\n\r\nEXAMPLE and more`],
  ])('is whole %s', async (_, bytes) => {
    const server = await rawServer(sendsAndEnds(bytes));
    expect(await request(server.origin)).toMatchObject({ status: 200, body: 'EXAMPLE' });
  });

  test('is read as UTF-8 across the parts in which it comes', async () => {
    const body = Buffer.from('größe');
    const server = await rawServer((socket) => {
      socket.write(`${OK}Content-Length: ${body.length}\r\n\r\n`);
      socket.write(body.subarray(0, 3), () => setImmediate(() => socket.write(body.subarray(3))));
    });
    expect((await request(server.origin)).body).toBe('größe');
  });

  test.each([301, 302, 307, 308])('is a redirect (%i) as it stands: nobody goes there', async (status) => {
    const target = await rawServer(sends(`${OK}Content-Length: 0\r\n\r\n`));
    const head = `HTTP/1.1 ${status} Moved\r\nLocation: ${target.origin}/\r\nContent-Length: 0\r\n\r\n`;
    const server = await rawServer(sends(head));
    expect(await request(server.origin)).toMatchObject({ status });
    expect(target.accepted()).toBe(0);
  });

  test.each([400, 401, 403, 404, 429, 500, 503])('is a status of %i as it stands', async (status) => {
    const server = await rawServer(sends(`HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n\r\nno`));
    expect(await request(server.origin)).toMatchObject({ status, body: 'no' });
  });

  test('may be 64 KiB long, and not a byte more', async () => {
    const longest = await rawServer(
      sends(`${OK}Content-Length: ${LONGEST_BODY}\r\n\r\n${'x'.repeat(LONGEST_BODY)}`),
    );
    expect((await request(longest.origin)).body).toHaveLength(65_536);
    const longer = await rawServer(
      sends(`${OK}Content-Length: ${LONGEST_BODY + 1}\r\n\r\n${'x'.repeat(LONGEST_BODY + 1)}`),
    );
    expect(await failureOf(request(longer.origin))).toMatchObject({
      failure: 'garbled',
      detail: `${longer.origin}: the body is longer than 65536 bytes`,
    });
    await until(() => longer.open() === 0);
  });

  test('is given up at 64 KiB where it has no end', async () => {
    const server = await rawServer((socket) => {
      socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\n`);
      const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
      const flood = () => {
        if (!socket.destroyed) socket.write(chunk, () => setImmediate(flood));
      };
      flood();
    });
    expect(await failureOf(request(server.origin))).toMatchObject({ failure: 'garbled' });
    await until(() => server.open() === 0);
  });
});

describe('what fails', () => {
  test.each([
    ['cut short of its length', `${OK}Content-Length: 70\r\n\r\nEXAMPLE`, 'broken'],
    ['cut short and closed as said', `${OK}Connection: close\r\nContent-Length: 70\r\n\r\nEXAMPLE`, 'broken'],
    [
      'cut short in a last chunk',
      `${OK}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nEX`,
      'broken',
    ],
    ['with a chunk of no size', `${OK}Transfer-Encoding: chunked\r\n\r\nEXAMPLE\r\n`, 'garbled'],
    ['cut short in a chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n20\r\nEXAMPLE`, 'broken'],
    ['cut short in its head', `${OK}Content-Le`, 'broken'],
    ['closed before a word', '', 'broken'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2p1\r\n', 'garbled'],
    ['bytes', Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff]), 'garbled'],
    ['of two lengths', `${OK}Content-Length: 3\r\nContent-Length: 7\r\n\r\nEXAMPLE`, 'garbled'],
    ['a head of 20 KiB', `${OK}X-Long: ${'x'.repeat(20_480)}\r\n\r\n`, 'garbled'],
  ])('an answer %s', async (_, bytes, failure) => {
    const server = await rawServer(sendsAndEnds(bytes));
    const error = await failureOf(request(server.origin));
    expect(error).toMatchObject({ failure });
    expect(error.detail).toMatch(/^http:\/\/127\.0\.0\.1:\d+: [A-Z]\w+$/);
    await until(() => server.open() === 0);
  });

  test('a switch to another protocol', async () => {
    const server = await rawServer(sends('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'));
    expect(await failureOf(request(server.origin))).toMatchObject({ failure: 'broken' });
  });

  test('a connection that is reset', async () => {
    const server = await rawServer((socket) => socket.resetAndDestroy());
    expect(await failureOf(request(server.origin))).toMatchObject({ failure: 'broken' });
  });

  test('a connection that is refused, with the code of the system', async () => {
    const error = await failureOf(request(await deadOrigin()));
    expect(error).toMatchObject({ failure: 'unreachable' });
    expect(error.detail).toContain('ECONNREFUSED');
  });

  test('an error carries nothing of what was sent or received', async () => {
    const server = await rawServer(
      sendsAndEnds(`${OK}Content-Length: 3\r\nContent-Length: 9\r\n\r\nCANARY-IN`),
    );
    const error = await failureOf(request(server.origin, { headers: { 'x-token': 'CANARY-OUT' } }));
    expect(error.cause).toBeUndefined();
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('CANARY');
  });
});

describe('the deadlines', () => {
  test('an accepted request without an answer ends at the request timeout, its socket closed', async () => {
    const clock = manualClock();
    const server = await rawServer(() => {});
    const exchange = failureOf(request(server.origin, { method: 'PUT' }, { clock }));
    await until(() => server.requests.length === 1);
    await clock.advance(1_999);
    expect(server.open()).toBe(1);
    await clock.advance(1);
    expect(await exchange).toMatchObject({ failure: 'unanswered' });
    expect((await exchange).detail).toContain('2000 ms');
    expect(clock.pendingTimers()).toBe(0);
    await until(() => server.open() === 0);
  });

  test('an answer that trickles is no excuse: the whole of it counts', async () => {
    const clock = manualClock();
    const server = await rawServer((socket) => {
      socket.write(`${OK}Content-Length: 60000\r\n\r\n`);
      const trickle = () => {
        if (!socket.destroyed) socket.write('x', () => setImmediate(trickle));
      };
      trickle();
    });
    const exchange = failureOf(request(server.origin, {}, { clock }));
    await until(() => server.requests.length === 1);
    await clock.advance(2_000);
    // By how far the first bytes had come, and to whoever asks IMDS both are an answer that came too late.
    expect(['unanswered', 'broken']).toContain((await exchange).failure);
    await until(() => server.open() === 0);
  });

  test('an answer that began and then rests is broken, not missing', async () => {
    const clock = manualClock();
    let isSent = false;
    const server = await rawServer((socket) => {
      socket.write(`${OK}Content-Length: 60000\r\n\r\nEXAMPLE`, () => {
        isSent = true;
      });
    });
    const exchange = failureOf(request(server.origin, {}, { clock }));
    await until(() => isSent);
    for (let turn = 0; turn < 50; turn++) await settle(); // what the kernel holds is read in the next of them
    await clock.advance(2_000);
    expect(await exchange).toMatchObject({ failure: 'broken' });
  });

  test('a connection that is not made ends at the connect timeout, its socket closed', async () => {
    const origin = await deafOrigin();
    const before = openDescriptors();
    const clock = manualClock();
    const exchange = failureOf(request(origin, {}, { clock }));
    await settle();
    expect(clock.pendingTimers()).toBe(2);
    await clock.advance(999);
    expect(openDescriptors()).toBe(before + 1);
    await clock.advance(1);
    expect(await exchange).toMatchObject({ failure: 'unreachable' });
    expect((await exchange).detail).toContain('1000 ms');
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  test('that pass while this process stands still are no silence of IMDS', async () => {
    const server = await rawServer(sendsAndEnds(`${OK}Content-Length: 7\r\n\r\nEXAMPLE`));
    const deadlines = { connectTimeoutMs: 20, requestTimeoutMs: 10_000, clock: systemClock };
    const exchange = request(server.origin, {}, deadlines);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
    expect(await exchange).toMatchObject({ body: 'EXAMPLE' });
  });

  test('an abort ends the exchange at once, its socket closed', async () => {
    const clock = manualClock();
    const stopping = new AbortController();
    const server = await rawServer(() => {});
    const exchange = failureOf(request(server.origin, { signal: stopping.signal }, { clock }));
    await until(() => server.requests.length === 1);
    stopping.abort();
    expect(await exchange).toMatchObject({ failure: 'cancelled', detail: `${server.origin}: given up` });
    expect(clock.pendingTimers()).toBe(0);
    await until(() => server.open() === 0);
  });

  test('a signal that is aborted already lets nothing out', async () => {
    const server = await rawServer(sends(`${OK}Content-Length: 0\r\n\r\n`));
    const failure = await failureOf(request(server.origin, { signal: AbortSignal.abort() }));
    expect(failure).toMatchObject({ failure: 'cancelled' });
    expect(server.accepted()).toBe(0);
  });
});

describe('what is left behind', () => {
  test('after an answer: no connection, though the server would keep it', async () => {
    const server = await rawServer(sends(`${OK}Connection: keep-alive\r\nContent-Length: 0\r\n\r\n`));
    const before = openDescriptors();
    for (let round = 1; round <= 20; round++) {
      await request(server.origin);
      expect(server.accepted()).toBe(round);
    }
    await until(() => server.open() === 0);
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  test('after an answer or a failure: no listener on the signal', async () => {
    const { signal } = new AbortController();
    const server = await rawServer(sends(`${OK}Content-Length: 0\r\n\r\n`));
    await request(server.origin, { signal });
    await failureOf(request(await deadOrigin(), { signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('after 1000 attempts on a black hole: not one descriptor', async () => {
    const server = await rawServer(() => {});
    const before = openDescriptors();
    for (let round = 0; round < 20; round++) {
      const attempts = Array.from({ length: 50 }, () =>
        failureOf(request(server.origin, {}, { clock: systemClock, requestTimeoutMs: 5 })),
      );
      for (const { failure } of await Promise.all(attempts)) {
        expect(['unanswered', 'unreachable']).toContain(failure); // a busy machine may not connect within 5 ms
      }
    }
    await until(() => server.open() === 0);
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });
});

test('no proxy variable and no env-proxy mode of Node has a say', async () => {
  const server = await rawServer(sends(`${OK}Content-Length: 6\r\n\r\ndirect`));
  const proxy = await rawServer(sends(`${OK}Content-Length: 5\r\n\r\nproxy`));
  const script = `
    const { createHttpTransport } = await import(${JSON.stringify(here('../../src/imds/http-transport.ts'))});
    const { systemClock } = await import(${JSON.stringify(here('../../src/platform/clock.ts'))});
    const transport = createHttpTransport({
      origin: process.argv[1], connectTimeoutMs: 10_000, requestTimeoutMs: 10_000, clock: systemClock, version: '0',
    });
    const { signal } = new AbortController();
    const answer = await transport({ method: 'GET', path: '/', headers: {}, signal });
    const viaFetch = await fetch(process.argv[1]).then((response) => response.text());
    console.log(answer.body, viaFetch);
  `;
  const env = { ...process.env, NODE_USE_ENV_PROXY: '1', NO_PROXY: '', no_proxy: '' };
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY']) {
    Object.assign(env, { [name]: proxy.origin, [name.toLowerCase()]: proxy.origin });
  }
  const args = ['--input-type=module', '-e', script, server.origin];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  // The global fetch of the same process did go to the proxy, so the variables were in force.
  expect(stdout.trim()).toBe('direct proxy');
});

function here(path: string): string {
  return new URL(path, import.meta.url).href;
}

/**
 * A port of loopback that does not answer to a connect: its process is stopped and its backlog is full, so that the
 * kernel drops what else comes.
 */
async function deafOrigin(): Promise<string> {
  const script = `
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.stdout.write(server.address().port + '\\n'));
  `;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  const fillers = Array.from({ length: 8 }, () =>
    net.connect({ port, host: '127.0.0.1' }).on('error', () => {}),
  );
  await until(() => fillers.filter((filler) => !filler.connecting).length >= 2);
  onTestFinished(() => {
    for (const filler of fillers) filler.destroy();
  });
  return `http://127.0.0.1:${port}`;
}
