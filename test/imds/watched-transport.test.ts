import { describe, expect, test } from 'vitest';
import { TransportError } from '../../src/imds/transport.ts';
import { watchedTransport } from '../../src/imds/watched-transport.ts';
import { transportFails } from '../support/imds-fetch-transport.ts';
import { manualClock } from '../support/manual-clock.ts';
import { memoryLog } from '../support/memory-log.ts';
import { DOCUMENT, mswImds, ROLE, status, text } from './msw-imds.ts';

const imds = mswImds();

describe('the facts of a check', () => {
  test("tell the skew from IMDS's Date header", async () => {
    imds.always('document', () => text(JSON.stringify(DOCUMENT), { date: 'Mon, 23 Nov 2026 08:01:30 GMT' }));
    const { facts } = await imds.source().check();
    expect(facts.skewMs).toBe(90_000);
    expect(facts.at).toBe(Date.parse('2026-11-23T08:00:00Z'));
  });

  test.each([
    '',
    'now',
    '2026',
    'Mon, 99 Nov 2026 08:01:30 GMT',
    'Mon, 23 Nov 2026 08:01:30 GMT+0100',
    '(about) Mon, 23 Nov 2026 08:01:30 GMT',
  ])('tell no skew where the Date is %j', async (date) => {
    imds.always('list', () => text(ROLE, { date }));
    expect((await imds.source().check()).facts.skewMs).toBeUndefined();
  });

  test('tell how long it took, pauses included', async () => {
    imds.next('list', () => status(503));
    const { facts } = await imds.source().check();
    expect(facts.latencyMs).toBeGreaterThanOrEqual(150);
    expect(facts.latencyMs).toBeLessThan(400);
  });

  test('are there for a failed check too', async () => {
    imds.always('token', () => transportFails('unreachable'));
    const { facts } = await imds.source().check();
    expect(facts).toEqual({ skewMs: undefined, latencyMs: 0, at: imds.clock.now() });
  });
});

describe('each exchange', () => {
  const REQUEST = { method: 'GET', path: '/latest/x', headers: { 'x-token': 'CANARY' } } as const;
  const DATE = 'Mon, 23 Nov 2026 08:00:05 GMT';

  /** Exchanges that take 30 ms each and end as the test says. */
  function watched() {
    const [clock, networkClock, log] = [manualClock(), manualClock(), memoryLog()];
    let end = (): { status: number; date?: string } => ({ status: 200 });
    const watching = watchedTransport(
      async () => {
        await networkClock.advance(30);
        return { body: 'CANARY', date: undefined, grantedTtl: undefined, ...end() };
      },
      { clock, networkClock },
      log,
    );
    watching.begin();
    const send = (ending: typeof end) => {
      end = ending;
      return watching.transport({ ...REQUEST, signal: new AbortController().signal });
    };
    return { ...watching, clock, networkClock, log, send };
  }
  const fails = (error: Error) => () => {
    throw error;
  };

  test('is a line for debugging, without headers and body', async () => {
    const { send, log } = watched();
    await send(() => ({ status: 404 }));
    const lost = new TransportError('broken', 'http://127.0.0.1:1: why');
    await expect(send(fails(lost))).rejects.toBe(lost);
    const defect = new TypeError('CANARY');
    await expect(send(fails(defect))).rejects.toBe(defect);
    const asked = { method: 'GET', path: '/latest/x', ms: 30 };
    const reason = 'broken: http://127.0.0.1:1: why';
    expect(log.lines).toEqual([
      { level: 'debug', message: 'IMDS answered', fields: { ...asked, status: 404 } },
      { level: 'debug', message: 'IMDS did not answer', fields: { ...asked, reason } },
      { level: 'debug', message: 'IMDS did not answer', fields: { ...asked, reason: 'unforeseen' } },
    ]);
  });

  test('counts from the first byte sent to the last received', async () => {
    const { send, facts, networkClock } = watched();
    await networkClock.advance(1_000);
    expect(facts().latencyMs).toBe(0);
    await send(() => ({ status: 200 }));
    await networkClock.advance(100);
    await send(() => ({ status: 200 }));
    await networkClock.advance(5_000);
    expect(facts().latencyMs).toBe(160);
  });

  test('counts until now where nothing was received', async () => {
    const { send, facts, networkClock } = watched();
    await send(fails(new TransportError('unanswered', 'why'))).catch(() => {});
    await networkClock.advance(70);
    expect(facts().latencyMs).toBe(100);
  });

  test('keeps a skew that a later answer does not tell, until the next check begins', async () => {
    const { send, facts, begin, clock } = watched();
    await send(() => ({ status: 200, date: DATE }));
    await send(() => ({ status: 200 }));
    expect(facts()).toEqual({ skewMs: 5_000, latencyMs: 60, at: clock.now() });
    begin();
    expect(facts()).toEqual({ skewMs: undefined, latencyMs: 0, at: clock.now() });
  });
});
