import { describe, expect, test } from 'vitest';
import { document, list, simulatorBench } from './ask.ts';

describe('GET /_control/state', () => {
  test('tells role, options, current set, faults and counts', async () => {
    await using bench = await simulatorBench({ role: 'web', profile: 'web-profile' });
    await bench.read(list);
    bench.instance.setFault({ kind: 'status', status: 503, on: 'document', times: 2 });
    const answer = await bench.ask('/_control/state');
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
    expect(JSON.parse(answer.body)).toEqual({
      role: 'web',
      profile: 'web-profile',
      httpTokens: 'required',
      httpEndpoint: 'enabled',
      currentSet: {
        accessKeyId: bench.instance.currentSet()?.accessKeyId,
        issuedAt: '2026-11-23T08:00:00Z',
        expiration: '2026-11-23T14:00:00Z',
      },
      metadataTokens: 1,
      faults: [{ kind: 'status', status: 503, on: ['document'], times: 2 }],
      requests: { token: 1, list: 1, document: 0, info: 0, other: 0, total: 2 },
    });
  });

  test('has no set without a role', async () => {
    await using bench = await simulatorBench({ role: null });
    expect(JSON.parse((await bench.ask('/_control/state')).body)).toMatchObject({
      role: null,
      currentSet: null,
    });
  });
});

describe('POST /_control', () => {
  test('replaces, detaches and attaches the role, and answers with the new state', async () => {
    await using bench = await simulatorBench();
    const answer = await bench.control({ role: 'web', profile: 'web-profile' });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ role: 'web', profile: 'web-profile' });
    expect((await bench.read(list)).body).toBe('web');
    await bench.control({ role: null });
    expect((await bench.read(list)).status).toBe(404);
    await bench.control({ role: 'other' });
    expect((await bench.read(list)).body).toBe('other');
  });

  test('rotates', async () => {
    await using bench = await simulatorBench();
    const before = (await bench.read(document)).body;
    expect((await bench.control({ rotate: true })).status).toBe(200);
    expect((await bench.read(document)).body).not.toBe(before);
  });

  test('sets faults, one or several, and clears them, all or by kind', async () => {
    await using bench = await simulatorBench();
    await bench.control({ fault: { kind: 'status', status: 503, on: 'document', times: 2 } });
    expect((await bench.read(document)).status).toBe(503);
    await bench.control({ fault: [{ kind: 'empty-body', on: 'list' }, { kind: 'frozen' }] });
    expect((await bench.read(list)).body).toBe('');
    await bench.control({ clear: 'status' });
    expect((await bench.read(document)).status).toBe(200);
    expect(bench.instance.faults().map((fault) => fault.kind)).toEqual(['empty-body', 'frozen']);
    await bench.control({ clear: true });
    expect(bench.instance.faults()).toEqual([]);
  });

  test('clears before it sets', async () => {
    await using bench = await simulatorBench();
    bench.instance.setFault({ kind: 'reset' });
    await bench.control({ clear: true, fault: { kind: 'expired' } });
    expect(bench.instance.faults().map((fault) => fault.kind)).toEqual(['expired']);
  });

  test('forgets tokens', async () => {
    await using bench = await simulatorBench();
    await bench.token();
    expect(JSON.parse((await bench.control({ forgetTokens: true })).body).metadataTokens).toBe(0);
  });

  test('changes the metadata options', async () => {
    await using bench = await simulatorBench();
    await bench.control({ httpTokens: 'optional' });
    expect((await bench.ask(`/latest/${list}`)).status).toBe(200);
    await bench.control({ httpEndpoint: 'disabled' });
    expect((await bench.ask(`/latest/${list}`)).status).toBe(403);
  });

  test.each([
    [[], 'The control request must be a JSON object with members of role, profile, rotate, fault, clear'],
    [{}, 'The control request asks for nothing: members are role, profile, rotate, fault, clear'],
    [
      { roll: 1 },
      'The control request has no member "roll": allowed are role, profile, rotate, fault, clear',
    ],
    [{ role: 5 }, 'role must be a name, or null to detach: it is 5'],
    [{ role: 'a b' }, 'The name of the role must be 1 to 64 letters'],
    [{ profile: 'x' }, 'profile must be a name, beside the role that it brings: it is "x"'],
    [{ rotate: 'yes' }, 'rotate must be true, or left out: it is "yes"'],
    [{ forgetTokens: false }, 'forgetTokens must be true, or left out: it is false'],
    [{ httpTokens: 'no' }, 'httpTokens must be required or optional: it is "no"'],
    [{ httpEndpoint: 'off' }, 'httpEndpoint must be enabled or disabled: it is "off"'],
    [{ clear: 'x' }, 'clear must be true or one of delay, black-hole, reset'],
    [{ fault: { kind: 'x' } }, 'A fault needs a known kind: found "x", allowed are delay, black-hole, reset'],
    [{ fault: null }, 'A fault needs a known kind'],
    [{ role: null, rotate: true }, 'Cannot rotate: no role is attached. Attach one with {"role":"NAME"}'],
  ])('%j is refused with 400, and nothing of it is done', async (command, message) => {
    await using bench = await simulatorBench();
    const before = (await bench.ask('/_control/state')).body;
    const answer = await bench.control(command);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).error).toContain(message);
    expect((await bench.ask('/_control/state')).body).toBe(before);
  });

  test('does nothing of a command that is wrong in one member', async () => {
    await using bench = await simulatorBench();
    expect((await bench.control({ role: 'web', fault: { kind: 'x' } })).status).toBe(400);
    expect(bench.instance.roleName()).toBe('example-role');
  });

  test('refuses what is not JSON, and what is too long', async () => {
    await using bench = await simulatorBench();
    const broken = await bench.ask('/_control', { method: 'POST', body: '{' });
    expect([broken.status, JSON.parse(broken.body)]).toEqual([
      400,
      { error: 'The control request must be JSON, such as {"rotate":true}' },
    ]);
    const long = await bench.ask('/_control', { method: 'POST', body: ' '.repeat(65_537) });
    expect([long.status, JSON.parse(long.body)]).toEqual([
      413,
      { error: 'A control request has at most 65536 bytes' },
    ]);
  });
});

test('GET /_control/sets shows every set, whole: they are made up', async () => {
  await using bench = await simulatorBench();
  const served = JSON.parse((await bench.read(document)).body);
  bench.instance.rotate();
  expect(JSON.parse((await bench.ask('/_control/sets')).body)).toEqual([
    {
      roleName: 'example-role',
      serial: 1,
      accessKeyId: served.AccessKeyId,
      secretAccessKey: served.SecretAccessKey,
      sessionToken: served.Token,
      issuedAt: '2026-11-23T08:00:00Z',
      expiration: '2026-11-23T14:00:00Z',
      firstServedAt: '2026-11-23T08:00:00Z',
    },
    expect.objectContaining({ serial: 2, firstServedAt: null }),
  ]);
});

test('GET /_control/requests lists requests, without those to the control API, and DELETE forgets them', async () => {
  await using bench = await simulatorBench();
  await bench.ask('/_control/state');
  await bench.read(list);
  const requests = JSON.parse((await bench.ask('/_control/requests')).body);
  expect(requests).toMatchObject([
    { method: 'PUT', kind: 'token', status: 200, at: '2026-11-23T08:00:00.000Z' },
    { method: 'GET', kind: 'list', status: 200, token: 'valid' },
  ]);
  expect((await bench.ask('/_control/requests', { method: 'DELETE' })).status).toBe(200);
  expect(JSON.parse((await bench.ask('/_control/requests')).body)).toEqual([]);
  expect(JSON.parse((await bench.ask('/_control/state')).body).requests.total).toBe(0);
});

test('anything else under /_control is 404, with what there is', async () => {
  await using bench = await simulatorBench();
  for (const [method, path] of [
    ['GET', '/_control'],
    ['GET', '/_control/nothing'],
    ['PUT', '/_control/state'],
  ] as const) {
    const answer = await bench.ask(path, { method });
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body).error).toContain(
      `No ${method} ${path} here: there are POST /_control, GET`,
    );
  }
  expect((await bench.ask('/_controls')).status).toBe(401);
});

test('faults do not reach the control API', async () => {
  await using bench = await simulatorBench();
  bench.instance.setFault({ kind: 'reset' });
  expect((await bench.ask('/_control/state')).status).toBe(200);
});
