import { describe, expect, test } from 'vitest';
import { longestCheckMs } from '../../src/imds/credential-source.ts';
import { transportFails } from '../support/imds-fetch-transport.ts';
import { DOCUMENT, errorOf, fetchedBy, mswImds, never, type Part, ROLE, status, text } from './msw-imds.ts';
import { until } from './until.ts';

const imds = mswImds();

describe('what a check asks', () => {
  test('the first check is one token PUT, one list GET, one document GET and one iam/info GET', async () => {
    const { check } = imds.source();
    const value = fetchedBy(await check());
    expect(imds.parts()).toEqual(['token', 'list', 'document', 'info']);
    expect(imds.seen.map(({ method }) => method)).toEqual(['PUT', 'GET', 'GET', 'GET']);
    expect(value).toMatchObject({ roleName: ROLE, accountId: '111122223333' });
    expect(value.credentials.accessKeyId).toBe(DOCUMENT.AccessKeyId);
    expect(value.credentials.secretAccessKey.reveal()).toBe(DOCUMENT.SecretAccessKey);
    expect(value.credentials.sessionToken.reveal()).toBe(DOCUMENT.Token);
    expect(value.credentials.expiration).toBe(Date.parse(DOCUMENT.Expiration));
  });

  test('a later check is list and document, nothing else', async () => {
    const { check } = imds.source();
    await check();
    imds.seen.length = 0;
    const value = fetchedBy(await check());
    expect(imds.parts()).toEqual(['list', 'document']);
    expect(value.accountId).toBe('111122223333');
  });

  test('the token is asked for six hours and sent with every GET, and no GET goes without', async () => {
    await imds.source().check();
    const [put, ...gets] = imds.seen;
    expect(put?.headers.get('x-aws-ec2-metadata-token-ttl-seconds')).toBe('21600');
    expect(put?.headers.get('x-aws-ec2-metadata-token')).toBeNull();
    for (const { headers } of gets) {
      expect(headers.get('x-aws-ec2-metadata-token')).toBe('EXAMPLE-metadata-token-1');
    }
  });

  test('the facts of a check are its own', async () => {
    const { check } = imds.source();
    imds.next('list', () => text(ROLE, { date: 'Mon, 23 Nov 2026 08:01:30 GMT' }));
    expect((await check()).facts).toMatchObject({ skewMs: 90_000, latencyMs: 0 });
    await imds.clock.advance(60_000);
    expect((await check()).facts).toMatchObject({ skewMs: undefined, latencyMs: 0 });
  });

  test('a hundred calls at once share one check', async () => {
    const { source } = imds.source();
    const { signal } = new AbortController();
    const checks = Array.from({ length: 100 }, () => source.check(signal));
    await imds.finish(Promise.race(checks));
    expect(new Set(await Promise.all(checks)).size).toBe(1);
    expect(imds.parts()).toEqual(['token', 'list', 'document', 'info']);
  });

  test('a check after the shared one is a new check', async () => {
    const { check } = imds.source();
    const [first, second] = [await check(), await check()];
    expect(second).not.toBe(first);
    expect(imds.parts().filter((part) => part === 'document')).toHaveLength(2);
  });
});

describe('the fault matrix: every status on every part', () => {
  const expected: [number, string][] = [
    [201, 'unexpected-status'],
    [204, 'unexpected-status'],
    [301, 'malformed'],
    [302, 'malformed'],
    [304, 'malformed'],
    [307, 'malformed'],
    [400, 'unexpected-status'],
    [403, 'imds-disabled'],
    [405, 'unexpected-status'],
    [418, 'unexpected-status'],
    [429, 'throttled'],
    [500, 'unexpected-status'],
    [502, 'unexpected-status'],
    [503, 'throttled'],
    [504, 'unexpected-status'],
  ];
  const special: [Part, number, string][] = [
    ['token', 401, 'unexpected-status'],
    ['token', 404, 'unexpected-status'],
    ['list', 401, 'token-refused'],
    ['list', 404, 'no-role'],
    ['document', 401, 'token-refused'],
    ['document', 404, 'role-changed'],
  ];
  const parts: Part[] = ['token', 'list', 'document'];
  const matrix = parts.flatMap((part) => expected.map(([code, kind]) => [part, code, kind] as const));

  test.each([...matrix, ...special])('%s answered with %i is %s', async (part, code, kind) => {
    imds.always(part, () => status(code));
    const error = errorOf(await imds.source().check());
    expect(error).toMatchObject({ kind, status: code });
    expect(error.message).not.toContain('CANARY');
  });

  test.each([...new Set([...matrix.map(([, code]) => code), 401, 404])])(
    'iam/info and the identity document answered with %i harm nothing',
    async (code) => {
      imds.always('info', () => status(code));
      imds.always('identity', () => status(code));
      const value = fetchedBy(await imds.source().check());
      expect(value).toMatchObject({ roleName: ROLE, accountId: undefined });
    },
  );

  test.each([
    ['token', 'unanswered', 'token-unanswered'],
    ['token', 'broken', 'timeout'],
    ['token', 'garbled', 'malformed'],
    ['token', 'unreachable', 'unreachable'],
    ['list', 'unanswered', 'timeout'],
    ['list', 'broken', 'timeout'],
    ['list', 'garbled', 'malformed'],
    ['list', 'unreachable', 'unreachable'],
    ['document', 'unanswered', 'timeout'],
    ['document', 'broken', 'timeout'],
    ['document', 'garbled', 'malformed'],
    ['document', 'unreachable', 'unreachable'],
  ] as const)('%s that is %s on the network is %s', async (part, failure, kind) => {
    imds.always(part, () => transportFails(failure));
    expect(errorOf(await imds.source().check()).kind).toBe(kind);
  });
});

describe('the end of a check', () => {
  test('comes at three request timeouts and a second, whatever IMDS does', async () => {
    const { source } = imds.source();
    imds.always('list', never);
    const check = source.check(new AbortController().signal);
    await until(() => imds.parts().includes('list'));
    await imds.clock.advance(longestCheckMs(2_000) - 1);
    expect(imds.clock.pendingTimers()).toBe(1);
    await imds.clock.advance(1);
    expect(errorOf(await check)).toMatchObject({ kind: 'timeout' });
    expect(longestCheckMs(2_000)).toBe(7_000);
  });

  test('comes with the abort of its signal, and leaves no timer', async () => {
    const { source } = imds.source();
    const stopping = new AbortController();
    imds.always('document', never);
    const check = source.check(stopping.signal);
    await until(() => imds.parts().includes('document'));
    stopping.abort();
    expect((await check).ok).toBe(false);
    expect(imds.clock.pendingTimers()).toBe(0);
  });

  test('comes with an abort during a pause as well', async () => {
    const { source } = imds.source();
    const stopping = new AbortController();
    imds.always('token', () => status(503));
    const check = source.check(stopping.signal);
    await until(() => imds.clock.pendingTimers() === 2);
    stopping.abort();
    expect(errorOf(await check).kind).toBe('throttled');
    expect(imds.parts()).toEqual(['token']);
  });

  test('is an outcome also where a part of rolekeeper throws, with none of its words passed on', async () => {
    const { source, log } = imds.source({
      transportFor: () => async () => {
        throw new TypeError('CANARY of a body');
      },
    });
    const outcome = await source.check(new AbortController().signal);
    expect(errorOf(outcome).kind).toBe('malformed');
    expect(log.at('error')).toHaveLength(1);
    expect(JSON.stringify([outcome, log.lines])).not.toContain('CANARY');
  });
});

test('no secret is in any log line or outcome of a check, at any level', async () => {
  const { check, log } = imds.source();
  const outcome = await check();
  imds.forgetTokens();
  await check();
  expect(log.at('debug').length).toBeGreaterThan(6);
  const shown = JSON.stringify([outcome, log.lines]);
  for (const secret of [DOCUMENT.SecretAccessKey, DOCUMENT.Token, 'EXAMPLE-metadata-token']) {
    expect(shown).not.toContain(secret);
  }
});
