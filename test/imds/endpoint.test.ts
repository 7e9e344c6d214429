import { describe, expect, test } from 'vitest';
import { candidateOrigins, type EndpointSetting, endpointTransport } from '../../src/imds/endpoint.ts';
import { type TransportAnswer, TransportError, type TransportFailure } from '../../src/imds/transport.ts';

describe('the setting', () => {
  test.each([
    ['auto', ['http://169.254.169.254', 'http://[fd00:ec2::254]']],
    ['ipv4', ['http://169.254.169.254']],
    ['ipv6', ['http://[fd00:ec2::254]']],
    ['http://127.0.0.1:1338', ['http://127.0.0.1:1338']],
    ['http://127.0.0.1:1338/', ['http://127.0.0.1:1338']],
    ['http://[::1]:80', ['http://[::1]']],
    ['http://localhost', ['http://localhost']],
  ] as const)('%s stands for %j', (setting, origins) => {
    expect(candidateOrigins(setting)).toEqual(origins);
  });

  test.each([
    'https://127.0.0.1',
    'http://127.0.0.1/prefix',
    'http://127.0.0.1/?query',
    'http://127.0.0.1/#part',
    'http://user:example@127.0.0.1',
    'http://',
    '127.0.0.1',
    'IPv4',
    '',
  ])('%j is refused with the rule and the value', (setting) => {
    expect(() => candidateOrigins(setting as EndpointSetting)).toThrow(RangeError);
    expect(() => candidateOrigins(setting as EndpointSetting)).toThrow(
      `Cannot use an IMDS endpoint that is not auto, ipv4, ipv6 or http://HOST[:PORT]: current value is '${setting}'`,
    );
  });
});

describe('auto', () => {
  const ANSWER: TransportAnswer = { status: 200, body: '', date: undefined, grantedTtl: undefined };
  const V4 = 'http://169.254.169.254';
  const V6 = 'http://[fd00:ec2::254]';

  function auto(failures: Record<string, TransportFailure | 'a defect' | undefined>) {
    const tried: string[] = [];
    const transport = endpointTransport('auto', (origin) => async () => {
      tried.push(origin);
      const failure = failures[origin];
      if (failure === 'a defect') throw new TypeError(failure);
      if (failure !== undefined) throw new TransportError(failure, `${origin}: ECONNREFUSED`);
      return ANSWER;
    });
    const send = () =>
      transport({ method: 'GET', path: '/', headers: {}, signal: new AbortController().signal });
    return { failures, tried, send };
  }

  test('tries IPv4 alone where that works', async () => {
    const { tried, send } = auto({});
    await send();
    await send();
    expect(tried).toEqual([V4, V4]);
  });

  test('goes to IPv6 where IPv4 is unreachable, and stays there', async () => {
    const { tried, send } = auto({ [V4]: 'unreachable' });
    expect(await send()).toBe(ANSWER);
    expect(await send()).toBe(ANSWER);
    expect(tried).toEqual([V4, V6, V6]);
  });

  test('comes back to IPv4 when IPv6 has become unreachable', async () => {
    const { failures, tried, send } = auto({ [V4]: 'unreachable' });
    await send();
    failures[V4] = undefined;
    failures[V6] = 'unreachable';
    await send();
    await send();
    expect(tried).toEqual([V4, V6, V6, V4, V4]);
  });

  test.each(['unanswered', 'broken', 'garbled', 'cancelled'] as const)(
    'does not look elsewhere when the answer is %s',
    async (failure) => {
      const { tried, send } = auto({ [V4]: failure });
      await expect(send()).rejects.toMatchObject({ failure });
      expect(tried).toEqual([V4]);
    },
  );

  test.each(['unanswered', 'broken', 'garbled'] as const)(
    'stays with the one it was connected to, though its answer was %s',
    async (failure) => {
      const { tried, send } = auto({ [V4]: 'unreachable', [V6]: failure });
      await expect(send()).rejects.toMatchObject({ failure });
      await expect(send()).rejects.toMatchObject({ failure });
      expect(tried).toEqual([V4, V6, V6]);
    },
  );

  test.each(['cancelled', 'a defect'] as const)('learns nothing from what is %s', async (failure) => {
    const { tried, send } = auto({ [V4]: 'unreachable', [V6]: failure });
    await expect(send()).rejects.toThrow(failure);
    await expect(send()).rejects.toThrow(failure);
    expect(tried).toEqual([V4, V6, V4, V6]);
  });

  test('does not look elsewhere after a defect of ours', async () => {
    const { tried, send } = auto({ [V4]: 'a defect' });
    await expect(send()).rejects.toThrow(TypeError);
    expect(tried).toEqual([V4]);
  });

  test('tries each origin once, however long it was well before', async () => {
    const { failures, tried, send } = auto({});
    for (let n = 0; n < 5; n++) await send();
    failures[V4] = 'unreachable';
    tried.length = 0;
    await send();
    expect(tried).toEqual([V4, V6]);
  });

  test('names every origin it tried when none is reachable, and begins anew with the next request', async () => {
    const { tried, send } = auto({ [V4]: 'unreachable', [V6]: 'unreachable' });
    await expect(send()).rejects.toMatchObject({
      failure: 'unreachable',
      detail: `${V4}: ECONNREFUSED; ${V6}: ECONNREFUSED`,
    });
    await expect(send()).rejects.toMatchObject({ failure: 'unreachable' });
    expect(tried).toEqual([V4, V6, V4, V6]);
  });
});
