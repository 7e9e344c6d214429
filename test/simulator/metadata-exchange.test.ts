import { describe, expect, test } from 'vitest';
import { settle } from '../support/manual-clock.ts';
import { type Bench, document, list, simulatorBench, withToken } from './ask.ts';

/** Waits, without a clock, until the simulator has seen so many requests. */
async function seen(bench: Bench, requests: number): Promise<void> {
  while (bench.simulator.requests().length < requests) await settle();
}

describe('delay', () => {
  test('the answer comes when the clock says so, and not before', async () => {
    await using bench = await simulatorBench();
    const headers = withToken(await bench.token());
    bench.instance.setFault({ kind: 'delay', ms: 5_000, on: 'list' });
    const answer = bench.ask(`/latest/${list}`, { headers });
    await seen(bench, 2);
    await bench.clock.advance(4_999);
    expect(bench.simulator.requests().at(-1)?.status).toBeNull();
    await bench.clock.advance(1);
    expect((await answer).status).toBe(200);
    expect(bench.simulator.requests().at(-1)).toMatchObject({ status: 200, faults: ['delay'] });
  });

  test('the answer is the one of the end of the delay, and other faults are met after it', async () => {
    await using bench = await simulatorBench();
    const headers = withToken(await bench.token(3));
    bench.instance.setFault({ kind: 'delay', ms: 5_000, times: 2 });
    const late = bench.ask(`/latest/${list}`, { headers });
    await seen(bench, 2);
    await bench.clock.advance(5_000);
    expect((await late).status).toBe(401);
    bench.instance.setFault({ kind: 'status', status: 503 });
    const faulty = bench.ask(`/latest/${list}`, { headers });
    await seen(bench, 3);
    await bench.clock.advance(5_000);
    expect((await faulty).status).toBe(503);
    expect(bench.simulator.requests().at(-1)?.faults).toEqual(['delay', 'status']);
  });

  test('a delay leaves no timer behind when the simulator is closed', async () => {
    const bench = await simulatorBench();
    bench.instance.setFault({ kind: 'delay', ms: 5_000 });
    const broken = expect(bench.ask(`/latest/${list}`)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await seen(bench, 1);
    expect(bench.clock.pendingTimers()).toBe(1);
    await bench.simulator.close();
    await broken;
    expect(bench.clock.pendingTimers()).toBe(0);
    expect(bench.simulator.requests()).toMatchObject([{ status: null, faults: ['delay'] }]);
    expect(bench.log.lines).toHaveLength(1);
  });
});

describe('black-hole', () => {
  test('the request is taken and never answered, until the simulator is closed', async () => {
    const bench = await simulatorBench();
    bench.instance.setFault({ kind: 'black-hole', on: 'token' });
    const unanswered = bench.token();
    const outcome = expect(unanswered).rejects.toMatchObject({ code: 'ECONNRESET' });
    await seen(bench, 1);
    await bench.clock.advance(24 * 3_600_000);
    expect((await bench.ask(`/latest/${list}`)).status).toBe(401);
    expect(bench.simulator.requests()[0]).toMatchObject({
      kind: 'token',
      status: null,
      faults: ['black-hole'],
    });
    await bench.simulator.close();
    await outcome;
  });
});

describe('reset', () => {
  test('the connection is reset, as often as asked', async () => {
    await using bench = await simulatorBench();
    const headers = withToken(await bench.token());
    bench.instance.setFault({ kind: 'reset', on: 'list', times: 1 });
    await expect(bench.ask(`/latest/${list}`, { headers })).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await bench.ask(`/latest/${list}`, { headers })).status).toBe(200);
    expect(bench.simulator.requests()[1]).toMatchObject({ status: null, faults: ['reset'] });
  });
});

describe('date-skew', () => {
  test.each([
    [90_000, 'Mon, 23 Nov 2026 08:01:30 GMT'],
    [-3_600_000, 'Mon, 23 Nov 2026 07:00:00 GMT'],
  ])('the Date is off by %d ms, and nothing else is', async (ms, date) => {
    await using bench = await simulatorBench();
    bench.instance.setFault({ kind: 'date-skew', ms });
    const answer = await bench.read(document);
    expect(answer.headers.date).toBe(date);
    expect(JSON.parse(answer.body).LastUpdated).toBe('2026-11-23T08:00:00Z');
  });
});

describe('what is seen of a request', () => {
  test('is taken down without a token value', async () => {
    await using bench = await simulatorBench();
    const token = await bench.token(60);
    await bench.clock.advance(1_000);
    await bench.ask(`/latest/${list}?q`, {
      headers: { ...withToken(token), 'User-Agent': 'some-client/1.0', 'X-Forwarded-For': '203.0.113.7' },
    });
    const host = `127.0.0.1:${bench.simulator.port}`;
    expect(bench.simulator.requests()).toEqual([
      {
        at: bench.clock.now() - 1_000,
        method: 'PUT',
        path: '/latest/api/token',
        kind: 'token',
        status: 200,
        userAgent: undefined,
        host,
        token: 'absent',
        requestedTtl: '60',
        forwardedFor: false,
        faults: [],
      },
      {
        at: bench.clock.now(),
        method: 'GET',
        path: `/latest/${list}?q`,
        kind: 'list',
        status: 200,
        userAgent: 'some-client/1.0',
        host,
        token: 'valid',
        requestedTtl: undefined,
        forwardedFor: true,
        faults: [],
      },
    ]);
    expect(JSON.stringify(bench.simulator.requests())).not.toContain(token);
  });

  test('a token is told as absent, valid or invalid', async () => {
    await using bench = await simulatorBench();
    await bench.ask(`/latest/${list}`);
    await bench.read(list);
    await bench.ask(`/latest/${list}`, { headers: withToken('made-up') });
    const reads = bench.simulator.requests().filter((request) => request.kind === 'list');
    expect(reads.map((request) => request.token)).toEqual(['absent', 'valid', 'invalid']);
  });

  test('is counted by kind', async () => {
    await using bench = await simulatorBench();
    for (const item of [list, document, document, 'meta-data/iam/info', 'meta-data/instance-id']) {
      await bench.read(item);
    }
    expect(bench.simulator.requestCounts()).toEqual({
      token: 5,
      list: 1,
      document: 2,
      info: 1,
      other: 1,
      total: 10,
    });
    bench.simulator.clearRequests();
    expect(bench.simulator.requestCounts().total).toBe(0);
    expect(bench.simulator.requests()).toEqual([]);
  });

  test('is logged in one line, without token or credentials', async () => {
    await using bench = await simulatorBench();
    const token = await bench.token();
    await bench.ask(`/latest/${document}`, {
      headers: { ...withToken(token), 'User-Agent': 'some-client/1.0' },
    });
    bench.instance.setFault({ kind: 'reset' });
    await bench.ask('/x').catch(() => {});
    const message = 'Simulated IMDS saw a request';
    const plain = { method: 'GET', userAgent: undefined, faults: undefined };
    expect(bench.log.lines).toEqual([
      { level: 'info', message, fields: { ...plain, method: 'PUT', path: '/latest/api/token', status: 200 } },
      {
        level: 'info',
        message,
        fields: { ...plain, path: `/latest/${document}`, status: 200, userAgent: 'some-client/1.0' },
      },
      { level: 'info', message, fields: { ...plain, path: '/x', status: 'none', faults: 'reset' } },
    ]);
    const text = JSON.stringify(bench.log.lines);
    expect(text).not.toContain(token);
    expect(text).not.toContain('EXAMPLE');
  });
});
