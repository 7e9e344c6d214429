import { describe, expect, test } from 'vitest';
import { type Answer, document, list, simulatorBench, withToken } from './ask.ts';

const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds';

function ttl(value: string | number) {
  return { method: 'PUT', headers: { 'X-aws-ec2-metadata-token-ttl-seconds': value } };
}

function expectErrorPage(answer: Answer, status: number, reason: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('text/html');
  expect(answer.body).toMatch(/^<\?xml version="1\.0"/);
  expect(answer.body).toContain(`<title>${status} - ${reason}</title>`);
  expect(answer.body).toContain(`<h1>${status} - ${reason}</h1>`);
}

describe('a token request', () => {
  test('is answered with 56 opaque characters and the TTL that was granted', async () => {
    await using bench = await simulatorBench();
    const answer = await bench.ask('/latest/api/token', ttl(21_600));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatch(/^[A-Za-z0-9_=-]{56}$/);
    expect(answer.headers[ttlHeader]).toBe('21600');
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(answer.headers['content-length']).toBe('56');
  });

  test.each([1, 300, 21_600])('may ask for %d s', async (seconds) => {
    await using bench = await simulatorBench();
    const answer = await bench.ask('/latest/api/token', ttl(seconds));
    expect([answer.status, answer.headers[ttlHeader]]).toEqual([200, `${seconds}`]);
  });

  test.each(['0', '21601', '-1', '1.5', '6h', '', '999999999999'])(
    'with a TTL of "%s" is 400',
    async (seconds) => {
      await using bench = await simulatorBench();
      expectErrorPage(await bench.ask('/latest/api/token', ttl(seconds)), 400, 'Bad Request');
      expect(bench.instance.metadataTokens.count()).toBe(0);
    },
  );

  test('without a TTL is 400', async () => {
    await using bench = await simulatorBench();
    expectErrorPage(await bench.ask('/latest/api/token', { method: 'PUT' }), 400, 'Bad Request');
  });

  test.each(['203.0.113.7', ''])('that was forwarded (X-Forwarded-For "%s") is 403', async (forwarded) => {
    await using bench = await simulatorBench();
    const { method, headers } = ttl(60);
    const answer = await bench.ask('/latest/api/token', {
      method,
      headers: { ...headers, 'X-Forwarded-For': forwarded },
    });
    expectErrorPage(answer, 403, 'Forbidden');
  });

  test('under a dated version is 403', async () => {
    await using bench = await simulatorBench();
    expectErrorPage(await bench.ask('/2021-03-23/api/token', ttl(60)), 403, 'Forbidden');
  });

  test('to a disabled endpoint is 403', async () => {
    await using bench = await simulatorBench({ httpEndpoint: 'disabled' });
    expectErrorPage(await bench.ask('/latest/api/token', ttl(60)), 403, 'Forbidden');
  });

  test.each(['GET', 'POST', 'DELETE'])('by %s is 405', async (method) => {
    await using bench = await simulatorBench();
    const answer = await bench.ask('/latest/api/token', { ...ttl(60), method });
    expectErrorPage(answer, 405, 'Method Not Allowed');
    expect(answer.headers.allow).toBe('PUT');
  });
});

describe('a read', () => {
  test('with a token is answered, with the rest of the TTL', async () => {
    await using bench = await simulatorBench();
    const token = await bench.token(300);
    await bench.clock.advance(100_400);
    const answer = await bench.ask(`/latest/${list}`, { headers: withToken(token) });
    expect([answer.status, answer.headers[ttlHeader]]).toEqual([200, '199']);
  });

  test('of what is not there carries the rest of the TTL too', async () => {
    await using bench = await simulatorBench();
    const answer = await bench.ask('/latest/nothing', { headers: withToken(await bench.token(300)) });
    expectErrorPage(answer, 404, 'Not Found');
    expect(answer.headers[ttlHeader]).toBe('300');
    expect(answer.headers['content-length']).toBe('339');
  });

  test('without a token is 401', async () => {
    await using bench = await simulatorBench();
    const answer = await bench.ask(`/latest/${list}`);
    expectErrorPage(answer, 401, 'Unauthorized');
    expect(answer.headers[ttlHeader]).toBeUndefined();
  });

  test('with an unknown, an empty or a forgotten token is 401', async () => {
    await using bench = await simulatorBench();
    const forgotten = await bench.token();
    bench.instance.forgetTokens();
    for (const token of ['made-up', '', forgotten]) {
      expectErrorPage(await bench.ask(`/latest/${list}`, { headers: withToken(token) }), 401, 'Unauthorized');
    }
  });

  test('with a token past its TTL is 401, to the millisecond', async () => {
    await using bench = await simulatorBench();
    const headers = withToken(await bench.token(5));
    await bench.clock.advance(4_999);
    expect((await bench.ask(`/latest/${list}`, { headers })).status).toBe(200);
    await bench.clock.advance(1);
    expect((await bench.ask(`/latest/${list}`, { headers })).status).toBe(401);
  });

  test('needs no token where tokens are optional, but a bad one is still 401', async () => {
    await using bench = await simulatorBench({ httpTokens: 'optional' });
    const answer = await bench.ask(`/latest/${list}`);
    expect([answer.status, answer.body]).toEqual([200, 'example-role']);
    expect(answer.headers[ttlHeader]).toBeUndefined();
    expect((await bench.ask(`/latest/${list}`, { headers: withToken('made-up') })).status).toBe(401);
    expect((await bench.ask(`/latest/${list}`, { headers: withToken(await bench.token()) })).status).toBe(
      200,
    );
  });

  test('of a disabled endpoint is 403, with a good token too', async () => {
    await using bench = await simulatorBench();
    const headers = withToken(await bench.token());
    bench.instance.setMetadataOptions({ httpEndpoint: 'disabled' });
    expectErrorPage(await bench.ask(`/latest/${list}`, { headers }), 403, 'Forbidden');
    bench.instance.setMetadataOptions({ httpEndpoint: 'enabled' });
    expect((await bench.ask(`/latest/${list}`, { headers })).status).toBe(200);
  });

  test('that was forwarded is answered: only the token request is refused', async () => {
    await using bench = await simulatorBench();
    const headers = { ...withToken(await bench.token()), 'X-Forwarded-For': '203.0.113.7' };
    expect((await bench.ask(`/latest/${list}`, { headers })).status).toBe(200);
  });

  test('by HEAD has the headers of a GET and no body', async () => {
    await using bench = await simulatorBench();
    const headers = withToken(await bench.token());
    const get = await bench.ask(`/latest/${document}`, { headers });
    const head = await bench.ask(`/latest/${document}`, { headers, method: 'HEAD' });
    expect([head.status, head.body]).toEqual([200, '']);
    expect(head.headers).toEqual(get.headers);
  });

  test.each(['PUT', 'POST', 'DELETE'])('by %s is 405', async (method) => {
    await using bench = await simulatorBench();
    const answer = await bench.ask(`/latest/${list}`, { method, headers: withToken(await bench.token()) });
    expectErrorPage(answer, 405, 'Method Not Allowed');
    expect(answer.headers.allow).toBe('GET, HEAD');
  });

  test('in the form that a proxy is sent is 400', async () => {
    await using bench = await simulatorBench();
    expectErrorPage(await bench.ask(`http://127.0.0.1/latest/${list}`), 400, 'Bad Request');
  });
});

describe('every answer', () => {
  test('has the headers of IMDS and ends its connection', async () => {
    await using bench = await simulatorBench();
    for (const answer of [
      await bench.read(document),
      await bench.ask('/latest/api/token'),
      await bench.ask('/'),
    ]) {
      expect(answer.headers.server).toBe('EC2ws');
      expect(answer.headers.date).toBe('Mon, 23 Nov 2026 08:00:00 GMT');
      expect(answer.headers.connection).toBe('close');
      expect(answer.headers['content-length']).toBe(`${answer.body.length}`);
      expect(answer.headers['transfer-encoding']).toBeUndefined();
    }
  });

  test('has the Date of the injected clock', async () => {
    await using bench = await simulatorBench();
    await bench.clock.advance(61_000);
    expect((await bench.ask('/')).headers.date).toBe('Mon, 23 Nov 2026 08:01:01 GMT');
  });
});

describe('the role list', () => {
  test.each([list, list.slice(0, -1), `/${list}`, `${list}?x=1`])(
    '%s is the name and nothing else',
    async (item) => {
      await using bench = await simulatorBench({ role: 'web' });
      const answer = await bench.read(item);
      expect([answer.status, answer.body]).toEqual([200, 'web']);
      expect(answer.headers['content-type']).toBe('text/plain');
    },
  );

  test('is answered under a dated version too', async () => {
    await using bench = await simulatorBench();
    const headers = withToken(await bench.token());
    const answer = await bench.ask(`/2021-03-23/${list}`, { headers });
    expect([answer.status, answer.body]).toEqual([200, 'example-role']);
    expect((await bench.ask(`/newest/${list}`, { headers })).status).toBe(404);
  });

  test('is 404 without a role, as all of iam/ is, and comes back with one', async () => {
    await using bench = await simulatorBench({ role: null });
    for (const item of [list, list.slice(0, -1), document, 'meta-data/iam/info']) {
      expectErrorPage(await bench.read(item), 404, 'Not Found');
    }
    bench.instance.attachRole('web');
    expect((await bench.read(list)).body).toBe('web');
    bench.instance.detachRole();
    expect((await bench.read(list)).status).toBe(404);
  });
});

describe('the credential document', () => {
  test('is the current set, as text, in the fields of IMDS', async () => {
    await using bench = await simulatorBench();
    const answer = await bench.read(document);
    const set = bench.instance.currentSet();
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(JSON.parse(answer.body)).toEqual({
      Code: 'Success',
      LastUpdated: '2026-11-23T08:00:00Z',
      Type: 'AWS-HMAC',
      AccessKeyId: set?.accessKeyId,
      SecretAccessKey: set?.secretAccessKey,
      Token: set?.sessionToken,
      Expiration: '2026-11-23T14:00:00Z',
    });
  });

  test('follows the rotation', async () => {
    await using bench = await simulatorBench();
    const before = JSON.parse((await bench.read(document)).body);
    await bench.clock.advance(3_600_000);
    const after = JSON.parse((await bench.read(document)).body);
    expect(after.AccessKeyId).not.toBe(before.AccessKeyId);
    expect(after.Expiration).toBe('2026-11-23T15:00:00Z');
  });

  test('that was read is marked as served, and one that was only measured is not', async () => {
    await using bench = await simulatorBench();
    const headers = withToken(await bench.token());
    await bench.ask(`/latest/${document}`, { headers, method: 'HEAD' });
    expect(bench.instance.issuedSets()).toMatchObject([{ firstServedAt: undefined }]);
    await bench.clock.advance(5_000);
    await bench.ask(`/latest/${document}`, { headers });
    expect(bench.instance.issuedSets()).toMatchObject([{ firstServedAt: bench.clock.now() }]);
  });

  test('of a role that is not attached is 404', async () => {
    await using bench = await simulatorBench();
    expectErrorPage(await bench.read(`${list}other`), 404, 'Not Found');
    bench.instance.attachRole('other');
    expect((await bench.read(`${list}other`)).status).toBe(200);
    expect((await bench.read(document)).status).toBe(404);
  });

  test.each(['', '/', '/example-role'])('has no extended variant (%s)', async (rest) => {
    await using bench = await simulatorBench();
    const answer = await bench.read(`meta-data/iam/security-credentials-extended${rest}`);
    expectErrorPage(answer, 404, 'Not Found');
  });
});

describe('the other items', () => {
  test('iam/info names the instance profile and the account', async () => {
    await using bench = await simulatorBench({ role: 'web', profile: 'web-profile' });
    expect(JSON.parse((await bench.read('meta-data/iam/info')).body)).toEqual({
      Code: 'Success',
      LastUpdated: '2026-11-23T08:00:00Z',
      InstanceProfileArn: 'arn:aws:iam::111122223333:instance-profile/web-profile',
      InstanceProfileId: expect.stringMatching(/^AIPA.*EXAMPLE/),
    });
  });

  test('the identity document names account, instance and place, with or without a role', async () => {
    await using bench = await simulatorBench({ role: null, accountId: '444455556666', region: 'eu-west-1' });
    expect(JSON.parse((await bench.read('dynamic/instance-identity/document')).body)).toMatchObject({
      accountId: '444455556666',
      region: 'eu-west-1',
      availabilityZone: 'eu-west-1a',
      instanceId: 'i-0123456789abcdef0',
      pendingTime: '2026-11-23T08:00:00Z',
    });
  });

  test.each([
    ['placement/region', 'eu-central-1'],
    ['placement/availability-zone', 'eu-central-1a'],
    ['placement/availability-zone-id', 'euc1-az2'],
    ['instance-id', 'i-0123456789abcdef0'],
    ['services/partition', 'aws'],
    ['services/domain', 'amazonaws.com'],
  ])('meta-data/%s is %s', async (item, value) => {
    await using bench = await simulatorBench();
    const answer = await bench.read(`meta-data/${item}`);
    expect([answer.status, answer.body, answer.headers['content-type']]).toEqual([200, value, 'text/plain']);
  });

  test.each(['', 'meta-data/', 'user-data', 'meta-data/iam/info/'])('/latest/%s is 404', async (item) => {
    await using bench = await simulatorBench();
    expect((await bench.read(item)).status).toBe(404);
  });
});
