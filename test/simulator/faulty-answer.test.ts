import { describe, expect, test } from 'vitest';
import type { FaultInput } from '../../src/simulator/fault.ts';
import { type Bench, document, list, simulatorBench, withToken } from './ask.ts';

const info = 'meta-data/iam/info';

/** Sets the fault, after the metadata token was given out, and reads. */
async function documentWith(fault: FaultInput, bench: Bench, item = document) {
  const headers = withToken(await bench.token());
  bench.instance.setFault(fault);
  return bench.ask(`/latest/${item}`, { headers });
}

describe('faults that answer instead of IMDS', () => {
  test.each([429, 500, 503, 418, 200])('status %d', async (status) => {
    await using bench = await simulatorBench();
    const answer = await documentWith({ kind: 'status', status, on: 'document' }, bench);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('text/html');
    expect(answer.body).toContain(`<h1>${status} - `);
    expect((await bench.read(list)).status).toBe(200);
  });

  test('a status meets the token request too', async () => {
    await using bench = await simulatorBench();
    bench.instance.setFault({ kind: 'status', status: 503 });
    expect((await bench.ask('/latest/api/token', { method: 'PUT' })).status).toBe(503);
  });

  test('a fault for the next two requests is over with the third', async () => {
    await using bench = await simulatorBench();
    bench.instance.setFault({ kind: 'status', status: 503, on: 'document', times: 2 });
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await bench.read(document)).status);
    expect(statuses).toEqual([503, 503, 200]);
    expect(bench.instance.faults()).toEqual([]);
  });

  test('redirect: 302 to a path on the same server', async () => {
    await using bench = await simulatorBench();
    const answer = await documentWith({ kind: 'redirect', location: '/elsewhere' }, bench, list);
    expect([answer.status, answer.headers.location]).toEqual([302, '/elsewhere']);
  });

  test('imds-disabled: 403 for the token and for reads', async () => {
    await using bench = await simulatorBench();
    const headers = withToken(await bench.token());
    bench.instance.setFault({ kind: 'imds-disabled' });
    expect((await bench.ask('/latest/api/token', { method: 'PUT' })).status).toBe(403);
    expect((await bench.ask(`/latest/${list}`, { headers })).status).toBe(403);
  });

  test('token-refused: every read is 401 although tokens are given out', async () => {
    await using bench = await simulatorBench({ httpTokens: 'optional' });
    bench.instance.setFault({ kind: 'token-refused' });
    const token = await bench.token();
    expect(token).toHaveLength(56);
    for (const item of [list, document, info, 'meta-data/instance-id']) {
      expect((await bench.ask(`/latest/${item}`, { headers: withToken(token) })).status).toBe(401);
    }
  });
});

describe('faults in the document', () => {
  test('code: HTTP 200 with Code, Message and LastUpdated, and no credentials', async () => {
    await using bench = await simulatorBench();
    const answer = await documentWith({ kind: 'code', code: 'AssumeRoleUnauthorizedAccess' }, bench);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({
      Code: 'AssumeRoleUnauthorizedAccess',
      Message: expect.stringContaining('trust policy'),
      LastUpdated: '2026-11-23T08:00:00Z',
    });
    expect(bench.instance.issuedSets()).toMatchObject([{ firstServedAt: undefined }]);
  });

  test('code on info', async () => {
    await using bench = await simulatorBench();
    const fault: FaultInput = { kind: 'code', code: 'InstanceProfileNotFound', message: 'gone', on: 'info' };
    const answer = await documentWith(fault, bench, info);
    expect(JSON.parse(answer.body)).toMatchObject({ Code: 'InstanceProfileNotFound', Message: 'gone' });
    expect(JSON.parse((await bench.read(document)).body).Code).toBe('Success');
  });

  test.each(['document', 'info'] as const)(
    'malformed-json and truncated-json on %s cannot be parsed',
    async (on) => {
      await using bench = await simulatorBench();
      const item = on === 'info' ? info : document;
      const whole = (await bench.read(item)).body;
      for (const kind of ['malformed-json', 'truncated-json'] as const) {
        const answer = await documentWith({ kind, on }, bench, item);
        expect(answer.status).toBe(200);
        expect(answer.headers['content-length']).toBe(`${answer.body.length}`);
        expect(() => JSON.parse(answer.body)).toThrow(SyntaxError);
        expect(whole.startsWith(answer.body)).toBe(kind === 'truncated-json');
        bench.instance.clearFaults();
      }
    },
  );

  test.each([document, list])(
    'truncated-connection: %s breaks off before its Content-Length',
    async (item) => {
      await using bench = await simulatorBench();
      bench.instance.setFault({ kind: 'truncated-connection', on: ['document', 'list'] });
      await expect(bench.read(item)).rejects.toMatchObject({ code: 'ECONNRESET', message: 'aborted' });
      expect(bench.simulator.requests().at(-1)).toMatchObject({
        status: 200,
        faults: ['truncated-connection'],
      });
    },
  );

  test('empty-body: 200 and nothing, on a token too', async () => {
    await using bench = await simulatorBench();
    const answer = await documentWith({ kind: 'empty-body' }, bench);
    expect([answer.status, answer.body, answer.headers['content-length']]).toEqual([200, '', '0']);
    bench.instance.setFault({ kind: 'empty-body', on: 'token' });
    expect(await bench.token()).toBe('');
  });

  test.each(['Code', 'AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'])(
    'missing-field %s',
    async (field) => {
      await using bench = await simulatorBench();
      const whole = JSON.parse((await bench.read(document)).body);
      const answer = JSON.parse((await documentWith({ kind: 'missing-field', field }, bench)).body);
      expect(answer).not.toHaveProperty(field);
      expect({ ...answer, [field]: whole[field] }).toEqual(whole);
    },
  );

  test('empty-expiration and fractional-expiration', async () => {
    await using bench = await simulatorBench();
    const empty = await documentWith({ kind: 'empty-expiration', times: 1 }, bench);
    expect(JSON.parse(empty.body).Expiration).toBe('');
    const fractional = await documentWith({ kind: 'fractional-expiration' }, bench);
    expect(JSON.parse(fractional.body).Expiration).toBe('2026-11-23T14:00:00.250Z');
  });

  test.each([document, info, list, 'dynamic/instance-identity/document'])(
    'oversized-body: %s is over 64 KiB and otherwise as it was',
    async (item) => {
      await using bench = await simulatorBench();
      const whole = (await bench.read(item)).body;
      const { body } = await documentWith({ kind: 'oversized-body', on: 'all' }, bench, item);
      expect(body.length).toBeGreaterThan(65_536);
      if (item === list) expect(body.split('\n')[0]).toBe(whole);
      else expect(JSON.parse(body)).toMatchObject(JSON.parse(whole));
    },
  );

  test('expired: another set than the current one, expired a minute ago, marked as served', async () => {
    await using bench = await simulatorBench();
    const body = JSON.parse((await documentWith({ kind: 'expired' }, bench)).body);
    expect(body).toMatchObject({ Code: 'Success', Expiration: '2026-11-23T07:59:00Z' });
    expect(body.AccessKeyId).not.toBe(bench.instance.currentSet()?.accessKeyId);
    expect(bench.instance.issuedSets()).toContainEqual(
      expect.objectContaining({ accessKeyId: body.AccessKeyId, firstServedAt: bench.clock.now() }),
    );
  });

  test('frozen: the set runs out and is served all the same', async () => {
    await using bench = await simulatorBench();
    bench.instance.setFault({ kind: 'frozen' });
    const before = (await bench.read(document)).body;
    await bench.clock.advance(7 * 3_600_000);
    expect((await bench.read(document)).body).toBe(before);
    bench.instance.clearFaults();
    expect((await bench.read(document)).body).not.toBe(before);
  });

  test('wait for an answer that would have been 200', async () => {
    await using bench = await simulatorBench();
    bench.instance.setFault({ kind: 'empty-body', times: 1 });
    expect((await bench.ask(`/latest/${document}`)).status).toBe(401);
    expect(bench.instance.faults()).toHaveLength(1);
    expect((await bench.read(document)).body).toBe('');
    expect(bench.instance.faults()).toEqual([]);
  });

  test('are gone when they are cleared', async () => {
    await using bench = await simulatorBench();
    const before = (await bench.read(document)).body;
    bench.instance.setFault({ kind: 'expired' });
    bench.instance.setFault({ kind: 'status', status: 500, on: 'list' });
    bench.instance.clearFaults();
    expect((await bench.read(document)).body).toBe(before);
    expect((await bench.read(list)).status).toBe(200);
  });
});
