import { expect, test } from 'vitest';
import type { CheckFacts, CheckOutcome } from '../../src/domain/errors.ts';
import { createCheckTally } from '../../src/lifecycle/check-tally.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { coldStore, EXPIRATION } from '../support/surface.ts';

function tallied() {
  const served = coldStore();
  const { store, clock } = served;
  const tally = createCheckTally(clock);
  store.subscribe(tally.note);
  const check = (outcome: CheckOutcome, facts: Partial<CheckFacts> = {}) =>
    store.apply({ ...outcome, facts: { skewMs: undefined, latencyMs: 1, at: clock.now(), ...facts } });
  return { ...served, tally, check };
}

test('every check is one result, the same again included', () => {
  const { tally, check } = tallied();
  for (let times = 0; times < 3; times++) check(success(roleCredentials(1, EXPIRATION)));
  check(failure('throttled'));
  check(success(roleCredentials(9, '2026-11-23T07:00:00Z')));
  const { results } = tally.read();
  expect(results).toMatchObject({ ok: 3, throttled: 1, 'expired-document': 1, 'no-role': 0 });
  expect(Object.values(results).reduce((sum, count) => sum + count)).toBe(5);
});

test('what is no check is none: a set that is taken up, and an expiration that comes', async () => {
  const { tally, check, store, clock, beforeExpiration } = tallied();
  const held = {
    ...roleCredentials(1, EXPIRATION),
    generation: 3,
    advertisedExpiration: Date.parse(EXPIRATION),
  };
  store.adopt(held, 60_000);
  expect(tally.read()).toMatchObject({ lastSuccessAt: undefined, heldSince: clock.now() });
  check(success(roleCredentials(1, EXPIRATION)));
  await beforeExpiration(0);
  store.observe();
  expect(tally.read().results).toMatchObject({ ok: 1 });
});

test('knows when IMDS last gave a set, and since when this one is held', async () => {
  const { tally, check, clock } = tallied();
  const [began, twoHours] = [clock.now(), 7_200_000];
  check(success({ ...roleCredentials(1, EXPIRATION), accountId: undefined }));
  await clock.advance(twoHours);
  check(success(roleCredentials(1, EXPIRATION)));
  expect(tally.read()).toMatchObject({ heldSince: began, lastSuccessAt: began + twoHours });
  check(success(roleCredentials(2, '2026-11-23T19:00:00Z')));
  expect(tally.read()).toMatchObject({ heldSince: began + twoHours });
  await clock.advance(60_000);
  for (let times = 0; times < 3; times++) check(failure('no-role'));
  expect(tally.read()).toMatchObject({ heldSince: undefined, lastSuccessAt: began + twoHours });
});

test('sorts what checks took by bounds that belong to the bucket below', () => {
  const { tally, check } = tallied();
  for (const latencyMs of [0, 5, 5.1, 10_000, 60_000]) check(failure('timeout'), { latencyMs });
  const { sumMs, buckets } = tally.read().latency;
  expect(sumMs).toBeCloseTo(70_010.1);
  expect(buckets.filter(({ count }) => count > 0)).toEqual([
    { boundMs: 5, count: 2 },
    { boundMs: 10, count: 1 },
    { boundMs: 10_000, count: 1 },
    { boundMs: Number.POSITIVE_INFINITY, count: 1 },
  ]);
});
