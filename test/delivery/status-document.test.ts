import { describe, expect, test } from 'vitest';
import { type StatusParts, statusDocument } from '../../src/delivery/status-document.ts';
import type { CheckOutcome } from '../../src/domain/errors.ts';
import type { StaticStability } from '../../src/domain/life-state.ts';
import { createCheckTally } from '../../src/lifecycle/check-tally.ts';
import { createCredentialStore } from '../../src/lifecycle/credential-store.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { manualClock } from '../support/manual-clock.ts';

const EXPIRATION = '2026-11-23T10:00:00Z';
const SECRET = /EXAMPLESecret|EXAMPLESession|ASIAQ3EXAMPLE/;

/** A status at any moment of a life that begins at 8:00. */
function life(stability: StaticStability = 'imds') {
  const clock = manualClock('2026-11-23T08:00:00Z');
  let nextCheckAt: number | undefined;
  const store = createCredentialStore({
    clock,
    random: () => 0.5,
    stability,
    firstGeneration: 41,
    onListenerError: (error) => {
      throw error;
    },
  });
  const tally = createCheckTally(clock);
  store.subscribe(tally.note);
  const parts: Omit<StatusParts, 'checks'> = {
    version: '0.1.0',
    pid: 4242,
    started: clock.now() + 999,
    imdsEndpoint: 'http://127.0.0.1:1',
    runtimeDirectory: '/run/rolekeeper',
    clock,
    state: store.state,
    nextCheckAt: () => nextCheckAt,
  };
  return {
    clock,
    store,
    apply(outcome: CheckOutcome, facts: { skewMs?: number; latencyMs?: number } = {}) {
      const { skewMs, latencyMs = 12.4 } = facts;
      store.apply({ ...outcome, facts: { at: clock.now() + 500, latencyMs, skewMs } });
    },
    nextCheckIn(ms: number) {
      nextCheckAt = clock.monotonic() + ms;
    },
    status(more: Partial<StatusParts> = {}) {
      const document = statusDocument({ ...parts, checks: tally.read(), ...more });
      expect(JSON.stringify(document)).not.toMatch(SECRET);
      return document;
    },
  };
}

/** What never changes, whatever happens to the credentials. */
const FRAME = {
  version: '0.1.0',
  pid: 4242,
  started: '2026-11-23T08:00:00Z',
  imds_endpoint: 'http://127.0.0.1:1',
  runtime_directory: '/run/rolekeeper',
  surfaces: [],
  callers: 0,
};
const CHECKED = { last_check: { at: '2026-11-23T08:00:00Z', latency_ms: 12 } };
const SET = {
  role: 'web',
  account_id: '111122223333',
  key_id: '…0001',
  expiration: EXPIRATION,
  advertised_expiration: EXPIRATION,
};

describe('The status', () => {
  test('before the first check', () => {
    expect(life().status()).toEqual({
      ...FRAME,
      phase: 'pending',
      serving: false,
      generation: 41,
      condition: 'starting',
      failed_checks: 0,
      checks: {},
    });
  });

  test('with a fresh set', () => {
    const { apply, status } = life();
    apply(success(roleCredentials(1, EXPIRATION)));
    expect(status()).toEqual({
      ...FRAME,
      ...SET,
      ...CHECKED,
      held_since: '2026-11-23T08:00:00Z',
      last_success: '2026-11-23T08:00:00Z',
      checks: { ok: 1 },
      phase: 'fresh',
      serving: true,
      generation: 42,
      condition: 'ok',
      failed_checks: 0,
    });
  });

  test.each([
    [100 * 60_000, 'fresh'],
    [100 * 60_000 + 1, 'advisory'],
    [115 * 60_000, 'advisory'],
    [115 * 60_000 + 1, 'mandatory'],
    [120 * 60_000 - 1, 'mandatory'],
  ])('%i ms later says that it is %s', async (ms, phase) => {
    const { apply, status, clock } = life();
    apply(success(roleCredentials(1, EXPIRATION)));
    await clock.advance(ms);
    expect(status()).toMatchObject({ phase, serving: true, condition: 'ok' });
  });

  test('from the expiration on, with nothing newer', async () => {
    const { apply, status, clock } = life('never');
    apply(success(roleCredentials(1, EXPIRATION)));
    await clock.advance(120 * 60_000);
    expect(status()).toMatchObject({ ...SET, phase: 'expired', serving: false, generation: 42 });
  });

  test('while static stability serves the set on: both expirations, and that something is wrong', async () => {
    const { apply, status, clock } = life('imds');
    apply(success(roleCredentials(1, EXPIRATION)));
    await clock.advance(120 * 60_000);
    apply(success(roleCredentials(1, EXPIRATION)));
    expect(status()).toMatchObject({
      ...SET,
      advertised_expiration: '2026-11-23T10:10:00Z',
      phase: 'expired',
      serving: true,
      condition: 'degraded',
      reason: 'expired-document',
      message: expect.stringContaining('expired at 2026-11-23T10:00:00'),
    });
  });

  test('with a good set and checks that fail: why, how often, and the set', () => {
    const { apply, status } = life();
    apply(success(roleCredentials(1, EXPIRATION)));
    for (let check = 0; check < 7; check++) apply(failure('throttled'));
    expect(status()).toMatchObject({
      ...SET,
      phase: 'fresh',
      serving: true,
      condition: 'degraded',
      reason: 'throttled',
      message: 'the throttled message',
      failed_checks: 7,
    });
    apply(success(roleCredentials(1, EXPIRATION)));
    const well = status();
    expect(well).toMatchObject({ condition: 'ok', failed_checks: 0 });
    expect(well).not.toHaveProperty('reason');
    expect(well).not.toHaveProperty('message');
  });

  test('without a role', () => {
    const { apply, status } = life();
    apply(failure('no-role'));
    expect(status()).toEqual({
      ...FRAME,
      ...CHECKED,
      phase: 'absent',
      serving: false,
      generation: 41,
      condition: 'degraded',
      reason: 'no-role',
      message: 'the no-role message',
      failed_checks: 1,
      checks: { 'no-role': 1 },
    });
  });

  test('after the role was detached says nothing of its set', () => {
    const { apply, status } = life();
    apply(success(roleCredentials(1, EXPIRATION)));
    for (let check = 0; check < 3; check++) apply(failure('no-role'));
    const { phase, serving, generation, ...rest } = status();
    expect({ phase, serving, generation }).toEqual({ phase: 'absent', serving: false, generation: 43 });
    for (const name of Object.keys(SET)) expect(rest).not.toHaveProperty(name);
  });

  test('without an account id has no such field', () => {
    const { apply, status } = life();
    apply(success({ ...roleCredentials(1, EXPIRATION), accountId: undefined }));
    expect(status()).not.toHaveProperty('account_id');
  });

  test.each([
    [61_400, 61],
    [-119_600, -120],
    [0, 0],
  ])("has IMDS's clock minus ours, %i ms, in seconds", (skewMs, seconds) => {
    const { apply, status } = life();
    apply(failure('throttled'), { skewMs, latencyMs: 0.4 });
    expect(status().last_check).toEqual({ at: '2026-11-23T08:00:00Z', latency_ms: 0, clock_skew_s: seconds });
  });

  test('counts down to the next check, and has none while one is under way', async () => {
    const { status, clock, nextCheckIn } = life();
    expect(status()).not.toHaveProperty('next_check_in_s');
    nextCheckIn(60_000);
    expect(status().next_check_in_s).toBe(60);
    await clock.advance(59_400);
    expect(status().next_check_in_s).toBe(1);
    await clock.advance(5_000);
    expect(status().next_check_in_s).toBe(0);
  });

  test('counts the checks by what they brought, and says since when it has the set', async () => {
    const { apply, status, clock } = life();
    apply(success(roleCredentials(1, EXPIRATION)));
    await clock.advance(60_000);
    for (let check = 0; check < 2; check++) apply(failure('throttled'));
    const document = status();
    expect(document).toMatchObject({
      checks: { ok: 1, throttled: 2 },
      held_since: '2026-11-23T08:00:00Z',
      last_success: '2026-11-23T08:00:00Z',
    });
    apply(success(roleCredentials(2, '2026-11-23T11:00:00Z')));
    expect(status()).toMatchObject({
      checks: { ok: 2, throttled: 2 },
      held_since: '2026-11-23T08:01:00Z',
      last_success: '2026-11-23T08:01:00Z',
    });
  });

  test('lists what listens, with its answers and refusals, and where metrics are', () => {
    const counts = {
      answers: new Map([
        [0, 1],
        [200, 7],
        [403, 2],
      ]),
      refusals: new Map([['access-denied', 2]]),
    };
    const surfaces = [{ name: 'agent_socket', address: '/run/rolekeeper/agent.sock', counts }];
    const metricsUrl = 'http://127.0.0.1:9913/metrics';
    expect(life().status({ surfaces, callers: 3, metricsUrl })).toMatchObject({
      surfaces: [
        {
          name: 'agent_socket',
          address: '/run/rolekeeper/agent.sock',
          answers: { none: 1, 200: 7, 403: 2 },
          refusals: { 'access-denied': 2 },
        },
      ],
      callers: 3,
      metrics_url: metricsUrl,
    });
  });
});
