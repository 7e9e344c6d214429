import { describe, expect, test } from 'vitest';
import { failure } from '../support/credentials.ts';
import { endpoint, LIST, TOKEN, TOKEN_PATH, TTL } from '../support/imds-surface.ts';
import { ask, exchange, parseAnswer, statuses } from '../support/raw-http.ts';
import { coldStore, openSurface, servedStore } from '../support/surface.ts';

describe('the token', () => {
  test('is given for the TTL that was asked, which the answer names', async () => {
    await using surface = await openSurface(endpoint(servedStore()));
    const answer = await ask(surface, 'PUT', TOKEN_PATH, { [TTL]: '21600', 'Content-Length': '0' });
    expect(answer).toMatchObject({ status: 200, body: 'EXAMPLE-issued-for-21600' });
    expect(answer.headers).toMatchObject({ 'content-type': 'text/plain', [TTL.toLowerCase()]: '21600' });
  });

  test.each(['1', '300', '21600', '00060'])('%s s is a right TTL', async (ttl) => {
    await using surface = await openSurface(endpoint(servedStore()));
    const { status, headers } = await ask(surface, 'PUT', TOKEN_PATH, { [TTL]: ttl });
    expect(status).toBe(200);
    expect(headers[TTL.toLowerCase()]).toBe(String(Number(ttl)));
  });

  test.each([
    '',
    '0',
    '-1',
    '+60',
    '21601',
    '60.5',
    '6e1',
    '0x10',
    '60 s',
    '60, 60',
    '99999999999999999999',
    'ten',
  ])('a TTL of %j is a 400', async (ttl) => {
    await using surface = await openSurface(endpoint(servedStore()));
    const answer = await ask(surface, 'PUT', TOKEN_PATH, { [TTL]: ttl });
    expect(answer).toMatchObject({ status: 400, body: 'bad-ttl' });
  });

  test('no TTL at all and two of them are 400', async () => {
    await using surface = await openSurface(endpoint(servedStore()));
    expect((await ask(surface, 'PUT', TOKEN_PATH)).status).toBe(400);
    const twice = `PUT ${TOKEN_PATH} HTTP/1.1\r\nHost: localhost\r\n${TTL}: 60\r\n${TTL}: 60\r\nConnection: close\r\n\r\n`;
    expect(parseAnswer(await exchange(surface, twice)).status).toBe(400);
  });

  test.each([
    ['without credentials yet', () => coldStore()],
    [
      'without a role',
      () => {
        const cold = coldStore();
        cold.store.apply(failure('no-role'));
        return cold;
      },
    ],
  ])('is given at once %s: a refusal here would send SDKs to IMDSv1', async (_, made) => {
    const served = made();
    await using surface = await openSurface(endpoint(served));
    expect((await ask(surface, 'PUT', TOKEN_PATH, { [TTL]: '60' })).status).toBe(200);
    expect(served.clock.pendingTimers()).toBe(0);
  });

  test('is refused to a request that was forwarded', async () => {
    await using surface = await openSurface(endpoint(servedStore()));
    const answer = await ask(surface, 'PUT', TOKEN_PATH, { [TTL]: '60', 'X-Forwarded-For': '10.0.0.1' });
    expect(answer).toMatchObject({ status: 403, body: 'forwarded-request' });
  });

  test('is refused under a dated path with 403', async () => {
    await using surface = await openSurface(endpoint(servedStore()));
    const answer = await ask(surface, 'PUT', '/2021-03-23/api/token', { [TTL]: '60' });
    expect(answer).toMatchObject({ status: 403, body: 'forbidden' });
  });

  test.each(['GET', 'HEAD'])('is not for %s', async (method) => {
    await using surface = await openSurface(endpoint(servedStore()));
    const answer = await ask(surface, method, TOKEN_PATH, TOKEN);
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('PUT');
  });

  test.each([LIST, `${LIST}web`, '/latest/user-data', '/'])('nothing else is for PUT: %s', async (path) => {
    await using surface = await openSurface(endpoint(servedStore()));
    const answer = await ask(surface, 'PUT', path, { [TTL]: '60', ...TOKEN });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD');
  });

  const head = `PUT //latest/api/token HTTP/1.1\r\nHost: 169.254.169.254\r\n${TTL}: 60\r\nConnection: close\r\n`;
  test.each([
    ['an empty chunked body', `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a chunked body', `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`],
    ['a body', `${head}Content-Length: 5\r\n\r\nhello`],
    ['an empty body', `${head}Content-Length: 0\r\n\r\n`],
  ])('is given for a request with %s', async (_, bytes) => {
    await using surface = await openSurface(endpoint(servedStore()));
    expect(parseAnswer(await exchange(surface, bytes))).toMatchObject({
      status: 200,
      body: 'EXAMPLE-issued-for-60',
    });
  });

  test('is given to a client that waits for 100 Continue first, as curl does with a chunked PUT', async () => {
    await using surface = await openSurface(endpoint(servedStore()));
    const request = `${head}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`;
    const told = await exchange(surface, request, { until: /100 Continue\r\n\r\n/ });
    expect(statuses(told)).toEqual([100]);
    expect(statuses(await exchange(surface, `${request}0\r\n\r\n`))).toEqual([100, 200]);
  });

  test('a long body is a 400', async () => {
    await using surface = await openSurface(endpoint(servedStore()));
    const text = await exchange(surface, `${head}Content-Length: 1025\r\n\r\n${'x'.repeat(1025)}`);
    expect(parseAnswer(text)).toMatchObject({ status: 400, body: 'body-too-long' });
  });

  test('a request that breaks off in its body gets nothing', async () => {
    await using surface = await openSurface(endpoint(servedStore()));
    const text = await exchange(surface, `${head}Content-Length: 5\r\n\r\nhe`, { half: true });
    expect(statuses(text)).not.toContain(200);
  });
});
