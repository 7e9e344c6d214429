import { beforeEach, describe, expect, test } from 'vitest';
import type { CheckOutcome, SourceErrorKind } from '../../src/domain/errors.ts';
import type { StaticStability } from '../../src/domain/life-state.ts';
import { type CredentialStore, createCredentialStore } from '../../src/lifecycle/credential-store.ts';
import { createJournal } from '../../src/lifecycle/journal.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';
import { memoryLog } from '../support/memory-log.ts';

const MINUTE = 60_000;
const setA = roleCredentials(1, '2026-11-23T10:00:00Z');
const setB = roleCredentials(2, '2026-11-23T12:00:00Z');
const A = { role: 'web', key: '…0001', expires: '2026-11-23T10:00:00Z' };
const B = { role: 'web', key: '…0002', expires: '2026-11-23T12:00:00Z' };

let clock: ManualClock;
let log: ReturnType<typeof memoryLog>;
let store: CredentialStore;
beforeEach(() => live());

/** A store from its beginning at 8:00, with a journal. */
function live(stability: StaticStability = 'imds'): void {
  clock = manualClock('2026-11-23T08:00:00Z');
  log = memoryLog();
  store = createCredentialStore({
    clock,
    random: () => 0.5,
    stability,
    firstGeneration: 0,
    onListenerError: (error) => {
      throw error;
    },
  });
  store.subscribe(createJournal(log, clock));
}

/** What was written since the last call. Nothing secret may be in it, and no more of a key id than its end. */
function told(): [string, string, object][] {
  const lines = log.lines.splice(0);
  expect(JSON.stringify(lines)).not.toMatch(/EXAMPLE/);
  return lines.map(({ level, message, fields }) => [level, message, fields]);
}

function apply(...outcomes: CheckOutcome[]): void {
  for (const outcome of outcomes) store.apply(outcome);
}

/** A check that found IMDS's clock so far from ours. */
function skewed(seconds: number): CheckOutcome {
  return { ...success(setA), facts: { skewMs: seconds * 1000, latencyMs: 1, at: clock.now() } };
}

describe('A set', () => {
  test('that is served for the first time is told', () => {
    apply(success(setA));
    expect(told()).toEqual([['info', 'Serving credentials', { ...A, generation: 1 }]]);
  });

  test('that comes again and again is not', () => {
    apply(success(setA));
    told();
    for (let check = 0; check < 100; check++) apply(success(setA));
    store.observe();
    expect(told()).toEqual([]);
  });

  test('that replaces another is told as rotated', () => {
    apply(success(setA), success(setB));
    expect(told().at(-1)).toEqual(['info', 'Credentials rotated', { ...B, generation: 2 }]);
  });

  test('of another role is told with both', () => {
    apply(success(setA), success(roleCredentials(2, '2026-11-23T12:00:00Z', 'batch')));
    expect(told().at(-1)).toEqual([
      'info',
      'Role replaced',
      { ...B, role: 'batch', generation: 2, previous_role: 'web' },
    ]);
  });

  test('with the same key and another expiration is for debugging only', () => {
    apply(success(setA), success(roleCredentials(1, '2026-11-23T11:00:00Z')));
    expect(told().at(-1)).toEqual([
      'debug',
      'Credentials restated',
      { ...A, expires: '2026-11-23T11:00:00Z', generation: 2 },
    ]);
  });

  test('that was taken up from an earlier run is told like any other', () => {
    store.adopt(
      { ...setA, generation: 7, advertisedExpiration: setA.credentials.expiration },
      2 * 60 * MINUTE,
    );
    apply(success(setA));
    expect(told()).toEqual([['info', 'Serving credentials', { ...A, generation: 7 }]]);
  });
});

describe('A set that should have been replaced', () => {
  const WARNING =
    'IMDS still gives a set that is about to expire: checking more often; see the AWS Health Dashboard if it ends';

  test('is warned of once, under 5 minutes before it expires', async () => {
    apply(success(setA));
    await clock.advance(115 * MINUTE);
    apply(success(setA));
    told();
    await clock.advance(1);
    for (let check = 0; check < 20; check++) apply(success(setA));
    expect(told()).toEqual([['warn', WARNING, A]]);
  });

  test('is not while the check fails: that is told already', async () => {
    apply(success(setA));
    await clock.advance(116 * MINUTE);
    told();
    apply(failure('throttled'));
    expect(told()).toEqual([
      ['warn', 'the throttled message', { reason: 'throttled', served_until: '2026-11-23T10:00:00Z' }],
    ]);
  });

  test('is not before IMDS was asked for the first time', async () => {
    await clock.advance(116 * MINUTE);
    store.adopt({ ...setA, generation: 7, advertisedExpiration: setA.credentials.expiration }, 4 * MINUTE);
    expect(told()).toEqual([['info', 'Serving credentials', { ...A, generation: 7 }]]);
    apply(success(setA));
    expect(told()).toEqual([['warn', WARNING, A]]);
  });

  test('is warned of again where the next one is late too', async () => {
    apply(success(setA));
    await clock.advance(116 * MINUTE);
    apply(success(setA), success(setB));
    await clock.advance(120 * MINUTE);
    told();
    apply(success(setB));
    expect(told()).toEqual([['warn', WARNING, B]]);
  });
});

describe('Trouble', () => {
  test('of one kind is one line, although it lasts for two thousand checks, and its end is one', () => {
    apply(success(setA));
    told();
    for (let check = 0; check < 2_000; check++) apply(failure('unreachable'));
    apply(success(setA), success(setA));
    expect(told()).toEqual([
      ['warn', 'the unreachable message', { reason: 'unreachable', served_until: '2026-11-23T10:00:00Z' }],
      ['info', 'IMDS answers again', {}],
    ]);
  });

  test('of kinds that take turns is one line for each, however often they do', () => {
    apply(success(setA));
    told();
    const kinds: SourceErrorKind[] = ['unreachable', 'timeout', 'throttled'];
    for (let check = 0; check < 2_000; check++) apply(failure(kinds[check % 3] ?? 'timeout'));
    expect(told().map(([level, , fields]) => [level, fields])).toEqual(
      kinds.map((reason) => ['warn', { reason, served_until: '2026-11-23T10:00:00Z' }]),
    );
  });

  test('that comes back after it was over is told again', () => {
    apply(success(setA));
    for (let episode = 0; episode < 3; episode++)
      apply(failure('timeout'), failure('timeout'), success(setA));
    expect(log.at('warn')).toEqual(Array(3).fill('the timeout message'));
    expect(log.at('info').slice(1)).toEqual(Array(3).fill('IMDS answers again'));
  });

  test('before the first set says why there is none', () => {
    apply(failure('imds-disabled'), failure('imds-disabled'));
    expect(told()).toEqual([['warn', 'the imds-disabled message', { reason: 'imds-disabled' }]]);
  });
});

describe('The end of a set', () => {
  const EXPIRED =
    'Credentials expired and IMDS gave none newer: consumers are refused until it does; run rolekeeper doctor';

  test('is an error, once, with the reason; the recovery is told', async () => {
    apply(success(setA), failure('unreachable'));
    told();
    await clock.advance(120 * MINUTE);
    store.observe();
    for (let check = 0; check < 2_000; check++) apply(failure('unreachable'));
    expect(told()).toEqual([['error', EXPIRED, { ...A, reason: 'unreachable' }]]);
    apply(success(setB));
    expect(told()).toEqual([
      ['info', 'IMDS answers again', {}],
      ['info', 'Serving credentials', { ...B, generation: 2 }],
    ]);
  });

  test.each([0, 1])(
    'that comes by itself, %i ms ago, is an error and no warning of a late set',
    async (ago) => {
      apply(success(setA));
      await clock.advance(120 * MINUTE + ago);
      told();
      store.observe();
      expect(told()).toEqual([['error', EXPIRED, A]]);
    },
  );

  test('of which a failing check is the first to know is told together with why it failed', async () => {
    live('never');
    apply(success(setA));
    await clock.advance(121 * MINUTE);
    told();
    apply(success(setA));
    expect(told()).toEqual([
      ['warn', expect.stringContaining('expired at 2026-11-23T10:00:00'), { reason: 'expired-document' }],
      ['error', EXPIRED, { ...A, reason: 'expired-document' }],
    ]);
  });
});

describe('Static stability', () => {
  test('is warned of when it begins, not at each of its extensions, and its end is told', async () => {
    apply(success(setA));
    await clock.advance(120 * MINUTE - 1);
    told();
    await clock.advance(1);
    apply(success(setA));
    expect(told()).toEqual([
      ['warn', expect.any(String), { reason: 'expired-document', served_until: '2026-11-23T10:10:00Z' }],
      [
        'warn',
        'IMDS has only an expired set: serving it on with a later expiration; see the AWS Health Dashboard',
        { ...A, generation: 2, until: '2026-11-23T10:10:00Z' },
      ],
    ]);
    for (let minute = 0; minute < 60; minute++) {
      await clock.advance(MINUTE);
      apply(success(setA));
    }
    expect(store.state().generation).toBeGreaterThan(5);
    expect(told()).toEqual([]);
    apply(success(setB));
    expect(log.at('warn')).toEqual([]);
    expect(log.at('info')).toEqual(['IMDS answers again', 'Credentials rotated']);
  });

  test('while IMDS is silent does not say that IMDS gave anything', async () => {
    live('always');
    apply(success(setA), failure('unreachable'));
    await clock.advance(120 * MINUTE);
    told();
    apply(failure('unreachable'));
    expect(told()).toEqual([
      [
        'warn',
        'The set has expired: serving it on with a later expiration; see the AWS Health Dashboard',
        { ...A, generation: 2, until: '2026-11-23T10:10:00Z' },
      ],
    ]);
  });
});

describe('A role', () => {
  test('that is missing from the start is no alarm: one line of information', () => {
    for (let check = 0; check < 100; check++) apply(failure('no-role'));
    expect(told()).toEqual([['info', 'the no-role message', { reason: 'no-role' }]]);
  });

  test('that is missing makes no alarm of other trouble either: nobody is waiting for credentials', () => {
    apply(failure('no-role'), failure('timeout'));
    expect(told().at(-1)).toEqual(['info', 'the timeout message', { reason: 'timeout' }]);
  });

  test('that is attached later is told as served', () => {
    apply(failure('no-role'), success(setA));
    expect(told().at(-1)).toEqual(['info', 'Serving credentials', { ...A, generation: 1 }]);
  });

  test('that is detached is warned of when it is missed, and when it is withdrawn, and then no more', () => {
    apply(success(setA));
    told();
    for (let check = 0; check < 100; check++) apply(failure('no-role'));
    expect(told()).toEqual([
      ['warn', 'the no-role message', { reason: 'no-role', served_until: '2026-11-23T10:00:00Z' }],
      [
        'warn',
        'Role detached: its credentials are withdrawn from every surface; attach an instance profile with a role to go on',
        { role: 'web' },
      ],
    ]);
    apply(success(setB));
    expect(told().map(([level, message]) => [level, message])).toEqual([
      ['info', 'IMDS answers again'],
      ['info', 'Serving credentials'],
    ]);
  });

  test('that was missed for a check or two is told to be there again', () => {
    apply(success(setA), failure('no-role'), failure('no-role'), success(setA));
    expect(log.at('warn')).toEqual(['the no-role message']);
    expect(log.at('error')).toEqual([]);
  });
});

describe("A clock that is off against IMDS's", () => {
  const OFF = "This machine's clock is off against IMDS: AWS will refuse signatures; check chrony or NTP";
  const WELL = "This machine's clock agrees with IMDS again";
  beforeEach(() => {
    apply(success(setA));
    told();
  });

  test.each([61, -61, 3600])('by %i s is warned of once, and told when it is right again', (seconds) => {
    apply(skewed(seconds), skewed(seconds), skewed(seconds), skewed(1), skewed(-1));
    expect(told()).toEqual([
      ['warn', OFF, { seconds_behind: seconds }],
      ['info', WELL, { seconds_behind: 1 }],
    ]);
  });

  test.each([0, 60, -60])('by %i s is not worth a word', (seconds) => {
    apply(skewed(seconds));
    expect(told()).toEqual([]);
  });

  test('by just about the limit is one line, not one for every time that it seems to be over', () => {
    for (let check = 0; check < 1_000; check++) apply(skewed(60 + (check % 2)));
    expect(told()).toEqual([['warn', OFF, { seconds_behind: 61 }]]);
  });

  test('is not told to be right by a check that did not say', () => {
    apply(skewed(120), success(setA), failure('timeout'));
    expect(log.at('info')).toEqual([]);
  });
});
