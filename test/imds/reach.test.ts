import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { expect, test } from 'vitest';
import { type ReachOptions, reachImds } from '../../src/imds/reach.ts';
import { systemClock } from '../../src/platform/clock.ts';

async function server(listener: RequestListener) {
  const http = createServer(listener).listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

/** A port that nobody listens on. */
async function closedOrigin(): Promise<string> {
  const tcp = createTcpServer().listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  tcp.close();
  await once(tcp, 'close');
  return `http://127.0.0.1:${port}`;
}

function reach(origins: readonly string[], changes: Partial<ReachOptions> = {}) {
  const stop = new AbortController().signal;
  return reachImds({ origins, attempts: 1, requestTimeoutMs: 5_000, clock: systemClock, stop, ...changes });
}

test('it asks for a token as IMDSv2 wants it, once', async () => {
  const asked: unknown[] = [];
  await using imds = await server(({ method, url, headers }, response) => {
    asked.push([method, url, headers['x-aws-ec2-metadata-token-ttl-seconds'], headers['content-length']]);
    response.end('token');
  });
  expect(await reach([imds.origin])).toBeUndefined();
  expect(asked).toEqual([['PUT', '/latest/api/token', '1', '0']]);
});

test.each([403, 503])('an answer of %i shows that the way is open', async (status) => {
  await using imds = await server((_, response) => {
    response.writeHead(status).end();
  });
  expect(await reach([imds.origin])).toBeUndefined();
});

test('one origin of several suffices', async () => {
  await using imds = await server((_, response) => {
    response.end();
  });
  expect(await reach([await closedOrigin(), imds.origin])).toBeUndefined();
});

test('why each origin was not reached is told', async () => {
  const closed = [await closedOrigin(), await closedOrigin()];
  expect(await reach(closed)).toBe(`${closed[0]}: ECONNREFUSED; ${closed[1]}: ECONNREFUSED`);
});

test('a silent server is given up after the timeout, and a cut connection at once', async () => {
  await using silent = await server(() => {});
  await using cutting = await server(({ socket }) => socket.destroy());
  expect(await reach([silent.origin], { requestTimeoutMs: 20 })).toBe(
    `${silent.origin}: no answer within 20 ms`,
  );
  expect(await reach([cutting.origin])).toBe(`${cutting.origin}: ECONNRESET`);
});

test('it tries as often as it is told to', async () => {
  let asked = 0;
  await using imds = await server(({ socket }, response) => {
    asked++;
    if (asked < 3) socket.destroy();
    else response.end();
  });
  expect(await reach([imds.origin], { attempts: 2 })).toContain('ECONNRESET');
  expect(await reach([imds.origin], { attempts: 2 })).toBeUndefined();
});

test('a signal ends it, also in the middle of a request', async () => {
  const stop = new AbortController();
  await using silent = await server(() => stop.abort());
  expect(await reach([silent.origin], { attempts: 3, stop: stop.signal })).toMatch(/stopped/);
  expect(await reach([silent.origin], { stop: stop.signal })).toBe('stopped before IMDS had answered');
});
