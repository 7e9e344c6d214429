import { describe, expect, test } from 'vitest';
import { transportFails } from '../support/imds-fetch-transport.ts';
import { DOCUMENT, mswImds, ROLE, status, text } from './msw-imds.ts';

const imds = mswImds();

describe('the facts of a check', () => {
  test("tell the skew from IMDS's Date header", async () => {
    imds.always('document', () => text(JSON.stringify(DOCUMENT), { date: 'Mon, 23 Nov 2026 08:01:30 GMT' }));
    const { facts } = await imds.source().check();
    expect(facts.skewMs).toBe(90_000);
    expect(facts.at).toBe(Date.parse('2026-11-23T08:00:00Z'));
  });

  test.each(['', 'now', '2026', 'Mon, 99 Nov 2026 08:01:30 GMT'])(
    'tell no skew where the Date is %j',
    async (date) => {
      imds.always('list', () => text(ROLE, { date }));
      expect((await imds.source().check()).facts.skewMs).toBeUndefined();
    },
  );

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
