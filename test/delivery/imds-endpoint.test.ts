import { describe, expect, test } from 'vitest';
import { tcpCallers } from '../../src/access/tcp-callers.ts';
import { accounts } from '../../src/platform/accounts.ts';
import { createTcpPeers } from '../../src/platform/tcp-peer.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { eventually } from '../support/eventually.ts';
import { openGate } from '../support/gate.ts';
import { endpoint, LIST, TOKEN, TOKEN_PATH, TTL } from '../support/imds-surface.ts';
import { ask, exchange, parseAnswer, type RawAnswer } from '../support/raw-http.ts';
import { coldStore, EXPIRATION, holdsSecret, openSurface, servedStore } from '../support/surface.ts';

describe('a read', () => {
  test.each([
    LIST,
    LIST.slice(0, -1),
    `/${LIST}`,
    LIST.replaceAll('/', '//'),
    LIST.replace('latest', '2021-03-23'),
  ])('%s is the name of the role, and no line break', async (path) => {
    await using surface = await openSurface(endpoint(servedStore()));
    const answer = await ask(surface, 'GET', path, TOKEN);
    expect(answer).toMatchObject({ status: 200, body: 'web' });
    expect(answer.headers['content-type']).toBe('text/plain');
  });

  test('the document of the role has the shape that IMDS gives it', async () => {
    await using surface = await openSurface(endpoint(servedStore()));
    const { status, headers, body } = await ask(surface, 'GET', `${LIST}web`, TOKEN);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/plain');
    expect(body).toBe(
      `{
  "Code" : "Success",
  "LastUpdated" : "2026-11-23T08:00:00Z",
  "Type" : "AWS-HMAC",
  "AccessKeyId" : "ASIAQ3EXAMPLEKEY0001",
  "SecretAccessKey" : "EXAMPLESecretAccessKey0001",
  "Token" : "EXAMPLESessionToken0001",
  "Expiration" : "${EXPIRATION}"
}`,
    );
  });

  test('LastUpdated stays until the set changes', async () => {
    const served = servedStore();
    await using surface = await openSurface(endpoint(served));
    const first = await ask(surface, 'GET', `${LIST}web`, TOKEN);
    await served.clock.advance(60_000);
    expect((await ask(surface, 'GET', `${LIST}web`, TOKEN)).body).toBe(first.body);
    served.store.apply(success(roleCredentials(2, EXPIRATION)));
    const second = await ask(surface, 'GET', `${LIST}web`, TOKEN);
    expect(JSON.parse(second.body)).toMatchObject({
      LastUpdated: '2026-11-23T08:01:00Z',
      AccessKeyId: 'ASIAQ3EXAMPLEKEY0002',
    });
  });

  test('a role name with characters that clients escape is found escaped and not', async () => {
    const name = 'a+b=c,d.e@f-g';
    await using surface = await openSurface(endpoint(servedStore(name)));
    expect((await ask(surface, 'GET', LIST, TOKEN)).body).toBe(name);
    for (const path of [name, encodeURIComponent(name)]) {
      expect((await ask(surface, 'GET', `${LIST}${path}`, TOKEN)).status).toBe(200);
    }
  });

  test.each([
    'other',
    'WEB',
    'web2',
    'we',
    'web/x',
    '%00',
    'web%00',
    'web%0d%0a',
    'constructor',
    '__proto__',
  ])('there is no role %s', async (name) => {
    await using surface = await openSurface(endpoint(servedStore()));
    const answer = await ask(surface, 'GET', `${LIST}${name}`, TOKEN);
    expect(answer).toMatchObject({ status: 404, body: 'not-found' });
  });

  test('the role that was replaced is gone in the same instant', async () => {
    const served = servedStore();
    await using surface = await openSurface(endpoint(served));
    served.store.apply(success(roleCredentials(2, EXPIRATION, 'batch')));
    expect((await ask(surface, 'GET', LIST, TOKEN)).body).toBe('batch');
    expect((await ask(surface, 'GET', `${LIST}web`, TOKEN)).status).toBe(404);
    expect((await ask(surface, 'GET', `${LIST}batch`, TOKEN)).body).toContain('ASIAQ3EXAMPLEKEY0002');
  });

  test('HEAD is answered like GET, without the body', async () => {
    await using surface = await openSurface(endpoint(servedStore()));
    const { status, headers, body } = await ask(surface, 'HEAD', LIST, TOKEN);
    expect({ status, length: headers['content-length'], body }).toEqual({
      status: 200,
      length: '3',
      body: '',
    });
  });

  test.each([LIST, `${LIST}web`, `${LIST}other`, '/latest/user-data'])(
    'the answer names the seconds that the token has left: %s',
    async (path) => {
      await using surface = await openSurface(endpoint(servedStore()));
      expect((await ask(surface, 'GET', path, TOKEN)).headers[TTL.toLowerCase()]).toBe('300');
    },
  );

  test.each([
    'meta-data/iam/security-credentials-extended',
    'meta-data/iam/security-credentials-extended/',
    'meta-data/iam/security-credentials-extended/web',
    'user-data',
    'meta-data/',
    'meta-data/../user-data',
    'meta-data/%2e%2e/user-data',
    'meta-data/identity-credentials/ec2/security-credentials/ec2-instance',
    'meta-data/placement/region/x',
    'dynamic/instance-identity/pkcs7',
    '',
    'v1/container-credentials',
  ])('%s is exactly 404', async (item) => {
    await using surface = await openSurface(endpoint(servedStore()));
    const answer = await ask(surface, 'GET', `/latest/${item}`, TOKEN);
    expect(answer).toMatchObject({ status: 404, body: 'not-found' });
  });

  test.each(['127.0.0.1', 'localhost', '[::1]', '169.254.169.254', '[fd00:ec2::254]'])(
    'the Host %s is taken with and without a port',
    async (host) => {
      await using surface = await openSurface(endpoint(servedStore()));
      for (const Host of [host, `${host}:80`, `${host}:9912`]) {
        expect((await ask(surface, 'GET', LIST, { ...TOKEN, Host })).status).toBe(200);
      }
    },
  );
});

describe('what is passed on of the metadata', () => {
  test.each<[string, number, string]>([
    ['meta-data/placement/region', 200, 'eu-central-1'],
    ['meta-data/placement/region/', 200, 'eu-central-1'],
    ['meta-data/iam/info', 200, '{"Code":"Success"}'],
    ['meta-data/placement/availability-zone-id', 404, 'not-found'],
    ['meta-data/instance-id', 503, 'metadata-unavailable'],
  ])('%s is %i', async (item, status, body) => {
    await using surface = await openSurface(endpoint(servedStore()));
    const answer = await ask(surface, 'GET', `/latest/${item}`, TOKEN);
    expect(answer).toMatchObject({ status, body });
    expect(answer.headers['content-type']).toBe('text/plain');
  });

  test('without a role there is no iam/info, and region is there all the same', async () => {
    const served = coldStore();
    served.store.apply(failure('no-role'));
    await using surface = await openSurface(endpoint(served));
    expect((await ask(surface, 'GET', '/latest/meta-data/iam/info', TOKEN)).status).toBe(404);
    expect((await ask(surface, 'GET', '/latest/meta-data/placement/region', TOKEN)).status).toBe(200);
  });
});

describe('who may read', () => {
  test.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['a token that is not ours', { 'X-aws-ec2-metadata-token': 'EXAMPLE-unknown' }],
    ['an empty token', { 'X-aws-ec2-metadata-token': '' }],
    ['the token as an authorization', { Authorization: 'EXAMPLE-issued-token' }],
  ])('%s is a 401, for every path alike', async (_, headers) => {
    await using surface = await openSurface(endpoint(servedStore()));
    for (const path of [LIST, `${LIST}web`, `${LIST}other`, '/latest/user-data', '/']) {
      expect(await ask(surface, 'GET', path, headers)).toMatchObject({ status: 401, body: 'unauthorized' });
    }
  });

  test('the token twice is a 401', async () => {
    await using surface = await openSurface(endpoint(servedStore()));
    const line = 'X-aws-ec2-metadata-token: EXAMPLE-issued-token\r\n';
    const text = await exchange(
      surface,
      `GET ${LIST} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${line}${line}\r\n`,
    );
    expect(parseAnswer(text).status).toBe(401);
  });

  const gate = openGate({ uid: 1001 });
  test('a named user reads without a token, and then no TTL is named', async () => {
    await using surface = await openSurface(
      endpoint(servedStore(), { tokenlessUids: new Set([1001]), gate }),
    );
    const answer = await ask(surface, 'GET', `${LIST}web`);
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty(TTL.toLowerCase());
  });

  test('a bad token is refused to a named user too', async () => {
    await using surface = await openSurface(
      endpoint(servedStore(), { tokenlessUids: new Set([1001]), gate }),
    );
    const answer = await ask(surface, 'GET', LIST, { 'X-aws-ec2-metadata-token': 'EXAMPLE-unknown' });
    expect(answer.status).toBe(401);
  });

  test('another user, and one that cannot be told, is refused without a token and served with one', async () => {
    for (const uid of [0, 1002, undefined]) {
      const listener = endpoint(servedStore(), {
        tokenlessUids: new Set([1001]),
        gate: openGate({ uid }),
      });
      await using surface = await openSurface(listener);
      expect((await ask(surface, 'GET', LIST)).status).toBe(401);
      expect((await ask(surface, 'GET', LIST, TOKEN)).status).toBe(200);
    }
  });

  test('by what the kernel says: a process of the named user is served, one of another is not', async () => {
    const ownUid = process.getuid?.() ?? 0;
    for (const [uid, status] of [
      [ownUid, 200],
      [ownUid + 1, 401],
    ] as const) {
      const real = {
        tokenlessUids: new Set([uid]),
        gate: { ...openGate(), callerOf: tcpCallers(createTcpPeers(), accounts()) },
      };
      await using surface = await openSurface(endpoint(servedStore(), real));
      expect((await ask(surface, 'GET', `${LIST}web`)).status).toBe(status);
    }
  });
});

test.each([
  ['in a cold start', coldStore()],
  ['without a role', withoutRole()],
])(
  'security-credentials-extended is exactly 404 at once %s, too: SDKs fall back on nothing else',
  async (_, served) => {
    await using surface = await openSurface(endpoint(served));
    for (const path of ['', '/', '/web']) {
      const extended = `${LIST.slice(0, -1)}-extended${path}`;
      expect(await ask(surface, 'GET', extended, TOKEN)).toMatchObject({ status: 404, body: 'not-found' });
    }
  },
);

function withoutRole() {
  const served = coldStore();
  served.store.apply(failure('no-role'));
  return served;
}

describe('when there are no credentials', () => {
  test.each([LIST, `${LIST}web`])('without a role %s is a 404', async (path) => {
    const served = coldStore();
    served.store.apply(failure('no-role'));
    await using surface = await openSurface(endpoint(served));
    expect(await ask(surface, 'GET', path, TOKEN)).toMatchObject({ status: 404, body: 'no-role' });
  });

  test.each([LIST, `${LIST}web`])('a cold agent holds %s for 800 ms and then answers 503', async (path) => {
    const served = coldStore();
    await using surface = await openSurface(endpoint(served));
    const asked = ask(surface, 'GET', path, TOKEN);
    await eventually(() => served.clock.pendingTimers() === 1);
    await served.clock.advance(799);
    expect(served.clock.pendingTimers()).toBe(1);
    await served.clock.advance(1);
    const answer = await asked;
    expect(answer).toMatchObject({ status: 503, body: 'credentials-pending' });
    expect(answer.headers['retry-after']).toBe('5');
  });

  test('a cold agent answers as soon as the first set is there', async () => {
    const served = coldStore();
    await using surface = await openSurface(endpoint(served));
    const asked = ask(surface, 'GET', LIST, TOKEN);
    await eventually(() => served.clock.pendingTimers() === 1);
    served.store.apply(success(roleCredentials(1, EXPIRATION)));
    expect(await asked).toMatchObject({ status: 200, body: 'web' });
  });

  test('a detached role is a 503', async () => {
    const served = servedStore();
    for (let check = 1; check <= 3; check++) served.store.apply(failure('no-role'));
    await using surface = await openSurface(endpoint(served));
    for (const path of [LIST, `${LIST}web`]) {
      expect(await ask(surface, 'GET', path, TOKEN)).toMatchObject({ status: 503, body: 'role-detached' });
    }
  });

  test.each([
    ['1 s before the expiration the set is served', 1_000, 200],
    ['at the expiration it is a 503', 0, 503],
    ['1 s after the expiration it is a 503', -1_000, 503],
  ])('%s', async (_, ms, status) => {
    const served = servedStore();
    await using surface = await openSurface(endpoint(served));
    await served.beforeExpiration(ms);
    for (const path of [LIST, `${LIST}web`]) {
      const answer = await ask(surface, 'GET', path, TOKEN);
      expect(answer.status).toBe(status);
      if (status === 503) expectNoSecret(answer);
    }
  });
});

function expectNoSecret(answer: RawAnswer): void {
  expect(answer.body).toBe('credentials-expired');
  expect(holdsSecret(JSON.stringify(answer))).toBe(false);
}

test('no refusal has a body that would break a request line: aws-c-auth takes any body for a role name', async () => {
  const served = coldStore();
  served.store.apply(failure('no-role'));
  await using surface = await openSurface(endpoint(served));
  const answers = await Promise.all([
    ask(surface, 'GET', LIST, TOKEN),
    ask(surface, 'GET', LIST),
    ask(surface, 'GET', '/latest/user-data', TOKEN),
    ask(surface, 'GET', LIST, { ...TOKEN, Origin: 'https://example.com' }),
    ask(surface, 'GET', LIST, { ...TOKEN, Host: 'example.com' }),
    ask(surface, 'PUT', TOKEN_PATH),
    ask(surface, 'POST', TOKEN_PATH),
  ]);
  for (const { status, body } of answers) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body).toMatch(/^[a-z-]{1,24}$/);
  }
});
