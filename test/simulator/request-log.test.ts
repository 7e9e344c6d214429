import { expect, test } from 'vitest';
import { createRequestLog, type RequestRecord } from '../../src/simulator/request-log.ts';

const record: RequestRecord = {
  at: 0,
  method: 'GET',
  path: '/',
  kind: 'other',
  status: null,
  userAgent: undefined,
  host: undefined,
  token: 'absent',
  requestedTtl: undefined,
  forwardedFor: false,
  faults: [],
};

test('a request is there before its answer, and its answer is added', () => {
  const log = createRequestLog();
  const settle = log.add(record);
  expect(log.all()).toEqual([record]);
  settle({ status: 200, faults: ['delay'] });
  expect(log.all()).toEqual([{ ...record, status: 200, faults: ['delay'] }]);
});

test('the last ten thousand are kept, and all are counted', () => {
  const log = createRequestLog();
  for (let i = 1; i <= 10_002; i += 1) log.add({ ...record, at: i });
  log.add({ ...record, kind: 'token' });
  expect(log.all().length).toBe(10_000);
  expect(log.all()[0]?.at).toBe(4);
  expect(log.counts()).toEqual({ token: 1, list: 0, document: 0, info: 0, other: 10_002, total: 10_003 });
});

test('clearing forgets requests and counts, and a late answer does not bring one back', () => {
  const log = createRequestLog();
  const settle = log.add(record);
  log.clear();
  settle({ status: 200, faults: [] });
  expect(log.all()).toEqual([]);
  expect(log.counts().total).toBe(0);
});
