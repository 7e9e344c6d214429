import { describe, expect, test } from 'vitest';
import { CONTAINER_PATH, containerEndpoint } from '../../src/delivery/container-endpoint.ts';
import { Secret } from '../../src/domain/secret.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { eventually } from '../support/eventually.ts';
import { openGate } from '../support/gate.ts';
import { ask, exchange, parseAnswer, type RawAnswer } from '../support/raw-http.ts';
import { coldStore, EXPIRATION, holdsSecret, openSurface, servedStore } from '../support/surface.ts';

const TOKEN = 'EXAMPLE-container-token';
const token = { accepts: (candidate: string) => candidate === TOKEN };
const AUTHORIZED = { Authorization: TOKEN };

describe('what an SDK gets', () => {
  test('the set in the container shape, with Code and AccountId', async () => {
    const { store } = servedStore();
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    const { status, headers, body } = await ask(surface, 'GET', CONTAINER_PATH, AUTHORIZED);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(headers['cache-control']).toBe('no-store');
    expect(JSON.parse(body)).toEqual({
      Code: 'Success',
      AccessKeyId: 'ASIAQ3EXAMPLEKEY0001',
      SecretAccessKey: 'EXAMPLESecretAccessKey0001',
      Token: 'EXAMPLESessionToken0001',
      Expiration: EXPIRATION,
      AccountId: '111122223333',
    });
  });

  test.each([
    ['as it is', TOKEN],
    ['as a bearer token', `Bearer ${TOKEN}`],
    ['whatever the case of the scheme', `bEARER  ${TOKEN}`],
  ])('the token is taken %s', async (_, authorization) => {
    const { store } = servedStore();
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    const answer = await ask(surface, 'GET', CONTAINER_PATH, { Authorization: authorization });
    expect(answer.status).toBe(200);
  });

  test.each(['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'])(
    'the Host %s is taken with and without a port',
    async (host) => {
      const { store } = servedStore();
      await using surface = await openSurface(
        containerEndpoint({ reader: store.reader, gate: openGate(), token }),
      );
      for (const Host of [host, `${host}:9911`, `${host}:${surface.port}`]) {
        expect((await ask(surface, 'GET', CONTAINER_PATH, { ...AUTHORIZED, Host })).status).toBe(200);
      }
    },
  );

  test('the loopback address that it listens on is a right Host too', async () => {
    const { store } = servedStore();
    const listener = containerEndpoint({ reader: store.reader, gate: openGate(), token });
    await using surface = await openSurface(listener, {}, '127.0.0.3');
    const answer = (Host: string) => ask(surface, 'GET', CONTAINER_PATH, { ...AUTHORIZED, Host });
    expect((await answer('127.0.0.3:80')).status).toBe(200);
    expect((await answer('127.0.0.4')).status).toBe(403);
  });

  test('HEAD is answered like GET, without the body', async () => {
    const { store } = servedStore();
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    const got = await ask(surface, 'GET', CONTAINER_PATH, AUTHORIZED);
    const { status, headers, body } = await ask(surface, 'HEAD', CONTAINER_PATH, AUTHORIZED);
    expect(status).toBe(200);
    expect(headers['content-length']).toBe(String(got.body.length));
    expect(body).toBe('');
  });

  test('with the longest session token the body stays under 8 KiB', async () => {
    const { store } = coldStore();
    const set = roleCredentials(1, EXPIRATION);
    const sessionToken = new Secret('EXAMPLE/'.repeat(512));
    store.apply(success({ ...set, credentials: { ...set.credentials, sessionToken } }));
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    const { body } = await ask(surface, 'GET', CONTAINER_PATH, AUTHORIZED);
    expect(body.length).toBeGreaterThan(4096);
    expect(body.length).toBeLessThan(8192);
  });

  test('a request over a connection that was used before is answered too', async () => {
    const { store } = servedStore();
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    const request = `GET ${CONTAINER_PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${TOKEN}\r\n`;
    const text = await exchange(surface, `${request}\r\n${request}Connection: close\r\n\r\n`);
    expect(text.match(/"Code":"Success"/g)).toHaveLength(2);
  });
});

describe('who is refused', () => {
  test.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['a wrong token', { Authorization: 'EXAMPLE-wrong-token' }],
    ['a wrong bearer token', { Authorization: 'Bearer EXAMPLE-wrong-token' }],
    ['the scheme alone', { Authorization: 'Bearer' }],
    ['another scheme', { Authorization: `Basic ${TOKEN}` }],
    ['an empty token', { Authorization: '' }],
    ['the token and more', { Authorization: `${TOKEN}x` }],
    ['the token in another header', { 'X-Aws-Ec2-Metadata-Token': TOKEN }],
  ])('%s is a 401 with both spellings and no secret', async (_, headers) => {
    const { store } = servedStore();
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    const answer = await ask(surface, 'GET', CONTAINER_PATH, headers);
    expectRefusal(answer, 401, 'unauthorized');
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.body).toContain('container-token');
    expect(answer.body).not.toContain(TOKEN);
    expect(answer.body).not.toContain('EXAMPLE-wrong-token');
  });

  test('the token twice is a 401: something has merged two requests', async () => {
    const { store } = servedStore();
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    const lines = `Host: localhost\r\nConnection: close\r\nAuthorization: ${TOKEN}\r\nAuthorization: ${TOKEN}`;
    const text = await exchange(surface, `GET ${CONTAINER_PATH} HTTP/1.1\r\n${lines}\r\n\r\n`);
    expectRefusal(parseAnswer(text), 401, 'unauthorized');
  });

  test.each([
    '/',
    '/v1/credentials',
    `${CONTAINER_PATH}/`,
    `/${CONTAINER_PATH}`,
    '/v1/%63ontainer-credentials',
  ])('%s is a 404, and without the token a 401', async (path) => {
    const { store } = servedStore();
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    expectRefusal(await ask(surface, 'GET', path, AUTHORIZED), 404, 'not-found');
    expectRefusal(await ask(surface, 'GET', path), 401, 'unauthorized');
  });
});

describe('when there are no credentials', () => {
  test('without a role it is a 404 with the cause', async () => {
    const { store } = coldStore();
    store.apply(failure('no-role'));
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    const answer = await ask(surface, 'GET', CONTAINER_PATH, AUTHORIZED);
    expectRefusal(answer, 404, 'no-role');
    expect(answer.body).toContain('the no-role message');
  });

  test('a cold agent holds the request for 1.5 s and then answers 503', async () => {
    const { clock, store } = coldStore();
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    const asked = ask(surface, 'GET', CONTAINER_PATH, AUTHORIZED);
    await eventually(() => clock.pendingTimers() === 1);
    await clock.advance(1_499);
    expect(clock.pendingTimers()).toBe(1);
    await clock.advance(1);
    const answer = await asked;
    expectRefusal(answer, 503, 'credentials-pending');
    expect(answer.headers['retry-after']).toBe('5');
  });

  test('a cold agent answers as soon as the first set is there', async () => {
    const { clock, store } = coldStore();
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    const asked = ask(surface, 'GET', CONTAINER_PATH, AUTHORIZED);
    await eventually(() => clock.pendingTimers() === 1);
    store.apply(success(roleCredentials(1, EXPIRATION)));
    expect((await asked).status).toBe(200);
  });

  test('without the token nothing is held', async () => {
    const { clock, store } = coldStore();
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    expectRefusal(await ask(surface, 'GET', CONTAINER_PATH), 401, 'unauthorized');
    expect(clock.pendingTimers()).toBe(0);
  });

  test.each([
    ['1 s before the expiration the set is served', 1_000, 200],
    ['at the expiration it is a 503', 0, 503],
    ['1 s after the expiration it is a 503', -1_000, 503],
  ])('%s', async (_, ms, status) => {
    const { store, beforeExpiration } = servedStore();
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    await beforeExpiration(ms);
    const answer = await ask(surface, 'GET', CONTAINER_PATH, AUTHORIZED);
    if (status === 200) expect(answer.status).toBe(200);
    else expectRefusal(answer, 503, 'credentials-expired');
  });

  test('a detached role is a 503', async () => {
    const { store } = servedStore();
    for (let check = 1; check <= 3; check++) store.apply(failure('no-role'));
    await using surface = await openSurface(
      containerEndpoint({ reader: store.reader, gate: openGate(), token }),
    );
    expectRefusal(await ask(surface, 'GET', CONTAINER_PATH, AUTHORIZED), 503, 'role-detached');
  });
});

function expectRefusal(answer: RawAnswer, status: number, code: string): void {
  const { message, ...codes } = JSON.parse(answer.body) as Record<string, string>;
  expect(answer.status).toBe(status);
  expect(codes).toEqual({ code, Code: code, Message: message });
  expect(answer.headers['content-type']).toBe('application/json');
  expect(holdsSecret(answer.body)).toBe(false);
}
