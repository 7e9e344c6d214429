import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agentEndpoint } from '../../src/delivery/agent-endpoint.ts';
import { createEvents, type Events } from '../../src/delivery/events.ts';
import { closeHttpSurface, createHttpSurface } from '../../src/delivery/http-surface.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { listenOnSocketFile } from '../../src/platform/unix-socket.ts';
import { askSocket, temporaryDirectory } from '../support/agent-process.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { eventually } from '../support/eventually.ts';
import { openGate } from '../support/gate.ts';
import { manualClock } from '../support/manual-clock.ts';
import { metricsOf } from '../support/metrics.ts';
import { ask as askRaw, exchange, parseAnswer, type RawAnswer, statuses } from '../support/raw-http.ts';
import { coldStore, EXPIRATION, holdsSecret, type ServedStore, servedStore } from '../support/surface.ts';

const CONTAINER = {
  Code: 'Success',
  AccessKeyId: 'ASIAQ3EXAMPLEKEY0001',
  SecretAccessKey: 'EXAMPLESecretAccessKey0001',
  Token: 'EXAMPLESessionToken0001',
  Expiration: EXPIRATION,
  AccountId: '111122223333',
};
const CREDENTIAL_PROCESS = {
  Version: 1,
  AccessKeyId: 'ASIAQ3EXAMPLEKEY0001',
  SecretAccessKey: 'EXAMPLESecretAccessKey0001',
  SessionToken: 'EXAMPLESessionToken0001',
  Expiration: EXPIRATION,
  AccountId: '111122223333',
};
const CALLERS = { callers: [] };
const STATUS = { phase: 'fresh', pid: 1 };
const ROUTES = [
  '/v1/credentials',
  '/v1/credential-process',
  '/v1/status',
  '/v1/callers',
  '/metrics',
  '/v1/events',
  '/livez',
  '/readyz',
];

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
let close: () => Promise<void>;
let health: { alive: boolean; ready: boolean };
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'agent.sock');
  health = { alive: true, ready: true };
  close = async () => {};
});
afterEach(async () => {
  await close();
  directory[Symbol.dispose]();
});

/** The agent endpoint on a Unix socket, over that store. */
async function serve(served: ServedStore): Promise<ServedStore> {
  const { store, clock } = served;
  const { state, subscribe, reader } = store;
  const events: Events = createEvents({ state, subscribe, clock, networkClock: manualClock() });
  const server = createHttpSurface(
    agentEndpoint({
      reader,
      gate: openGate(),
      callers: () => CALLERS,
      status: () => STATUS,
      metrics: () => metricsOf(served),
      isAlive: () => health.alive,
      isReady: () => health.ready,
      events,
    }),
  );
  const release = await listenOnSocketFile(server, path, { mode: 0o600 });
  close = async () => {
    events.close();
    await closeHttpSurface(server, 0, systemClock.setTimer);
    release();
  };
  return served;
}

const ask = (target: string, method = 'GET'): Promise<RawAnswer> => askRaw({ path }, method, target);

describe('The routes', () => {
  test.each([
    ['/v1/credentials', 'application/json', JSON.stringify(CONTAINER)],
    ['/v1/credential-process', 'application/json', `${JSON.stringify(CREDENTIAL_PROCESS)}\n`],
    ['/v1/status', 'application/json', `${JSON.stringify(STATUS)}\n`],
    ['/v1/callers', 'application/json', `${JSON.stringify(CALLERS)}\n`],
    ['/livez', 'text/plain', 'alive\n'],
    ['/readyz', 'text/plain', 'ready\n'],
  ])('%s answers, and its HEAD says the same without the body', async (target, type, body) => {
    await serve(servedStore());
    const answer = await ask(target);
    expect(answer).toMatchObject({ status: 200, body });
    expect(answer.headers).toMatchObject({
      'content-type': type,
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
    });
    const { date: _, ...headers } = answer.headers;
    expect(await ask(target, 'HEAD')).toMatchObject({ status: 200, body: '', headers });
    expect(await ask(`${target}?x=/v1/status`)).toMatchObject({ status: 200, body });
  });

  test('answer to every name that people put before the path', async () => {
    await serve(servedStore());
    for (const host of ['localhost', 'localhost:123', 'LOCALHOST', 'Unix:1', 'rolekeeper', '127.0.0.1:80']) {
      expect(await askRaw({ path }, 'GET', '/livez', { Host: host })).toMatchObject({ status: 200 });
    }
  });

  test('are listed to who asks for something else', async () => {
    await serve(servedStore());
    const message = `There is nothing here. Paths: ${ROUTES.join(' ')}`;
    const body = JSON.stringify({ code: 'not-found', message, Code: 'not-found', Message: message });
    for (const target of [
      '/',
      '/v1',
      '/v1/credentials/',
      '//v1/credentials',
      '/V1/credentials',
      '/toString',
    ]) {
      expect(await ask(target)).toMatchObject({ status: 404, body });
    }
    expect(await ask('/nothing', 'HEAD')).toMatchObject({ status: 404, body: '' });
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
    'take no %s, and say what they take',
    async (method) => {
      await serve(servedStore());
      const answer = await ask('/v1/credentials', method);
      expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
      expect(JSON.parse(answer.body)).toMatchObject({
        code: 'method-not-allowed',
        Code: 'method-not-allowed',
      });
      expect(holdsSecret(answer.body)).toBe(false);
    },
  );

  test('tell a loop that hangs and an agent without credentials from a well one', async () => {
    await serve(coldStore());
    health = { alive: false, ready: false };
    expect(await ask('/livez')).toMatchObject({ status: 503, body: 'the refresh loop is overdue\n' });
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: 'no usable credentials yet\n' });
  });
});

describe('Without usable credentials', () => {
  test.each([
    ['nothing was fetched', ['unreachable'], 503, 'credentials-pending'],
    ['there is no role', ['no-role'], 404, 'no-role'],
    ['another role is wanted', ['role-mismatch'], 404, 'no-role'],
  ] as const)('where %s', async (_, kinds, status, code) => {
    const { store } = await serve(coldStore());
    for (const kind of kinds) store.apply(failure(kind));
    await expectRefusal(status, code);
  });

  test('where the role was detached', async () => {
    const { store } = await serve(servedStore());
    for (let check = 0; check < 3; check++) store.apply(failure('no-role'));
    await expectRefusal(503, 'role-detached');
  });

  test('from the instant of expiration on, and to the millisecond before there are some', async () => {
    const { beforeExpiration } = await serve(servedStore());
    await beforeExpiration(1);
    expect((await ask('/v1/credentials')).status).toBe(200);
    await beforeExpiration(0);
    await expectRefusal(503, 'credentials-expired');
  });

  async function expectRefusal(status: number, code: string): Promise<void> {
    for (const target of ['/v1/credentials', '/v1/credential-process']) {
      const answer = await ask(target);
      expect(answer.status).toBe(status);
      expect(answer.headers['retry-after']).toBe(status === 503 ? '5' : undefined);
      expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.body)));
      const { message, ...rest } = JSON.parse(answer.body);
      expect(rest).toEqual({ code, Code: code, Message: message });
      expect(message).toMatch(/./);
      expect(holdsSecret(answer.body)).toBe(false);
      expect(await ask(target, 'HEAD')).toMatchObject({ status, body: '' });
    }
  }
});

describe('A cold agent', () => {
  test('holds two hundred requests and answers all of them with the first set', async () => {
    const { store, clock } = await serve(coldStore());
    const answers = Array.from({ length: 200 }, () => askSocket(path, '/v1/credentials'));
    await eventually(() => clock.pendingTimers() === 200);
    store.apply(success(roleCredentials(1, EXPIRATION)));
    const body = JSON.stringify(CONTAINER);
    expect(await Promise.all(answers)).toEqual(Array(200).fill({ status: 200, body }));
    expect(clock.pendingTimers()).toBe(0);
  });

  test('lets one wait 1.5 s and no longer', async () => {
    const { clock } = await serve(coldStore());
    const answer = ask('/v1/credential-process');
    let isAnswered = false;
    void answer.then(() => {
      isAnswered = true;
    });
    await eventually(() => clock.pendingTimers() === 1);
    await clock.advance(1_499);
    expect(isAnswered).toBe(false);
    await clock.advance(1);
    expect(await answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  });

  test('says how it is at once', async () => {
    await serve(coldStore());
    expect((await ask('/v1/status')).status).toBe(200);
    expect((await ask('/livez')).status).toBe(200);
  });
});

describe('One connection', () => {
  const request = (target: string) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

  test('can be used again and again, and sees each new set', async () => {
    const { store } = await serve(servedStore());
    const socket = connect(path);
    await once(socket, 'connect');
    const keys: string[] = [];
    for (const serial of [1, 2, 3]) {
      store.apply(success(roleCredentials(serial, EXPIRATION)));
      socket.write(request('/v1/credentials'));
      const { status, headers, body } = parseAnswer(String((await once(socket, 'data'))[0]));
      expect([status, headers.connection]).toEqual([200, 'keep-alive']);
      keys.push(JSON.parse(body).AccessKeyId);
    }
    expect(keys).toEqual(['ASIAQ3EXAMPLEKEY0001', 'ASIAQ3EXAMPLEKEY0002', 'ASIAQ3EXAMPLEKEY0003']);
    socket.destroy();
  });

  test('gets its answers in the order of its requests, also where the first of them is held', async () => {
    const { store, clock } = await serve(coldStore());
    const targets = ['/v1/credentials', '/v1/status', '/nothing', '/livez'];
    const answers = exchange({ path }, targets.map(request).join(''), { until: /alive/ });
    await eventually(() => clock.pendingTimers() === 1);
    store.apply(success(roleCredentials(1, EXPIRATION)));
    expect(statuses(await answers)).toEqual([200, 200, 404, 200]);
  });

  test('that ends while it is held leaves nothing, and the next one is answered', async () => {
    const { store, clock } = await serve(coldStore());
    for (let n = 0; n < 50; n++) {
      const socket = connect(path);
      socket.on('error', () => {}).write(request('/v1/credentials'));
      await eventually(() => clock.pendingTimers() === n + 1);
      if (n % 2 === 0) socket.destroy();
      else socket.end();
    }
    store.apply(success(roleCredentials(1, EXPIRATION)));
    expect(clock.pendingTimers()).toBe(0);
    expect(await ask('/v1/credentials')).toMatchObject({ status: 200, body: JSON.stringify(CONTAINER) });
  });
});
