import { describe, expect, test } from 'vitest';
import type { CheckOutcome, SourceErrorKind } from '../../src/domain/errors.ts';
import {
  afterCheck,
  initialState,
  type LifeState,
  phase,
  type StaticStability,
  usable,
} from '../../src/domain/life-state.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';

/** A reading of both clocks, `minutes` after 08:00. */
const at = (minutes: number) => ({
  wall: Date.parse('2026-11-23T08:00:00Z') + minutes * 60_000,
  monotonic: minutes * 60_000,
});
const setA = roleCredentials(1, '2026-11-23T10:00:00Z');
const setB = roleCredentials(2, '2026-11-23T12:00:00Z');
const half = () => 0.5;

function moved(
  state: LifeState,
  outcome: CheckOutcome,
  minutes: number,
  stability: StaticStability = 'imds',
) {
  return afterCheck(state, outcome, at(minutes), stability, half);
}

const cold = initialState(0, at(0));
const holdingA = moved(cold, success(setA), 0);

test('A state that no check has touched is pending', () => {
  expect(phase(cold, at(0))).toBe('pending');
});

describe('A good answer', () => {
  test('is held, with the next generation', () => {
    expect(holdingA.held).toMatchObject({ roleName: 'web', generation: 1, credentials: setA.credentials });
    expect(holdingA.generation).toBe(1);
  });

  test('that brings the same set again changes nothing that readers see', () => {
    const again = moved(holdingA, success(roleCredentials(1, '2026-11-23T10:00:00Z')), 5);
    expect(again.held).toBe(holdingA.held);
    expect(again.generation).toBe(1);
    expect(again.confirmed).toEqual(at(5));
  });

  test('that brings another set replaces the whole of the old one', () => {
    const next = moved(holdingA, success(setB), 60);
    expect(next.held).toMatchObject({ generation: 2, credentials: setB.credentials });
  });

  test('is taken also where it expires sooner: IMDS is the authority', () => {
    const sooner = roleCredentials(3, '2026-11-23T09:00:00Z');
    expect(moved(holdingA, success(sooner), 10).held?.credentials).toBe(sooner.credentials);
  });

  test('of another role replaces the old role in the same step', () => {
    const other = roleCredentials(4, '2026-11-23T10:00:00Z', 'batch');
    expect(moved(holdingA, success(other), 10).held).toMatchObject({ roleName: 'batch', generation: 2 });
  });

  test('that brings the same set under another role name is a change', () => {
    const renamed = { ...setA, roleName: 'batch' };
    expect(moved(holdingA, success(renamed), 1).held).toMatchObject({ roleName: 'batch', generation: 2 });
  });

  test('without an account id keeps the one that is known', () => {
    const unknown = { ...setA, accountId: undefined };
    expect(moved(holdingA, success(unknown), 1).held).toBe(holdingA.held);
  });

  test('with an account id that was not known yet is a change', () => {
    const unknown = moved(cold, success({ ...setA, accountId: undefined }), 0);
    expect(moved(unknown, success(setA), 1).held).toMatchObject({ accountId: '111122223333', generation: 2 });
  });
});

describe('A failed or bad answer never touches good credentials', () => {
  const kinds: SourceErrorKind[] = [
    'imds-disabled',
    'unreachable',
    'token-unanswered',
    'timeout',
    'throttled',
    'token-refused',
    'service-error',
    'unexpected-status',
    'malformed',
    'role-changed',
  ];
  test.each(kinds)('%s', (kind) => {
    let state = holdingA;
    for (let minute = 1; minute < 120; minute++) {
      state = moved(state, failure(kind), minute);
      expect(state.held).toBe(holdingA.held);
      expect(usable(state, at(minute))).toBe(holdingA.held);
    }
    expect(state.trouble?.kind).toBe(kind);
    expect(state.failures).toBe(119);
    expect(usable(state, at(120))).toBeUndefined();
  });

  test('a set that has expired while ours has not', () => {
    const expired = roleCredentials(9, '2026-11-23T07:00:00Z', 'batch');
    const state = moved(holdingA, success(expired), 10);
    expect(state.held).toBe(holdingA.held);
    expect(state.trouble?.kind).toBe('expired-document');
    expect(state.trouble?.message).toMatch(
      /role batch that expired at 2026-11-23T07:00:00.000Z.*Health Dashboard/,
    );
  });

  test('2000 failures and then a good answer: all is well at once', () => {
    let state = holdingA;
    for (let n = 0; n < 2000; n++) state = moved(state, failure('timeout'), 1);
    state = moved(state, success(setB), 2);
    expect(state).toMatchObject({ failures: 0, trouble: undefined, generation: 2 });
  });
});

describe('No role', () => {
  test('on a cold agent is known after one answer', () => {
    const state = moved(cold, failure('no-role'), 0);
    expect(state.absence).toBe('no-role');
    expect(phase(state, at(0))).toBe('absent');
  });

  test.each(['no-role', 'role-mismatch'] as const)(
    '%s on three checks in a row withdraws, not before',
    (kind) => {
      const one = moved(holdingA, failure(kind), 1);
      const two = moved(one, failure(kind), 2);
      expect(two.held).toBe(holdingA.held);
      const three = moved(two, failure(kind), 3);
      expect(three.held).toBeUndefined();
      expect(three).toMatchObject({ absence: 'role-detached', generation: 2 });
      expect(phase(three, at(3))).toBe('absent');
    },
  );

  test('another failure in between starts the count again', () => {
    const two = moved(moved(holdingA, failure('no-role'), 1), failure('no-role'), 2);
    const other = moved(two, failure('timeout'), 3);
    expect(moved(other, failure('no-role'), 4).held).toBe(holdingA.held);
  });

  test('stays a detached role, and comes back with the next good answer', () => {
    let state = holdingA;
    for (let n = 0; n < 10; n++) state = moved(state, failure('no-role'), n);
    expect(state).toMatchObject({ absence: 'role-detached', generation: 2 });
    expect(moved(state, success(setB), 20)).toMatchObject({ absence: undefined, generation: 3 });
  });
});

describe('Past expiration', () => {
  const withExpired = (stability: StaticStability, outcome: CheckOutcome, minutes = 121) =>
    moved(holdingA, outcome, minutes, stability);

  test("'imds' extends the set by 5 to 15 minutes while IMDS itself still gives it", () => {
    const state = withExpired('imds', success(setA));
    expect(state.held?.advertisedExpiration).toBe(at(131).wall);
    expect(state.held?.credentials.expiration).toBe(setA.credentials.expiration);
    expect(usable(state, at(130.9))).toBe(state.held);
    expect(usable(state, at(131))).toBeUndefined();
    expect(phase(state, at(122))).toBe('expired');
    const bounds = [0, 0.999_999].map(
      (r) => afterCheck(holdingA, success(setA), at(121), 'imds', () => r).held?.advertisedExpiration ?? 0,
    );
    expect(bounds.map((b) => Math.round((b - at(121).wall) / 60_000))).toEqual([5, 15]);
  });

  test("'imds' grants nothing while IMDS is unreachable: a granted extension runs out", () => {
    expect(usable(withExpired('imds', failure('unreachable')), at(121))).toBeUndefined();
    const extended = withExpired('imds', success(setA));
    const unreachable = moved(extended, failure('unreachable'), 130);
    expect(unreachable.held).toBe(extended.held);
    expect(usable(unreachable, at(131))).toBeUndefined();
  });

  test("'imds' renews the extension before it runs out, and not at every check", () => {
    const extended = withExpired('imds', success(setA));
    expect(moved(extended, success(setA), 122).held).toBe(extended.held);
    expect(moved(extended, success(setA), 130).held?.advertisedExpiration).toBe(at(140).wall);
  });

  test("'imds' extends from the instant of the expiration on", () => {
    expect(withExpired('imds', success(setA), 120).held?.advertisedExpiration).toBe(at(130).wall);
  });

  test("'imds' renews an extension of which half of the shortest is left", () => {
    const extended = withExpired('imds', success(setA));
    expect(moved(extended, success(setA), 128.5).held?.advertisedExpiration).toBe(at(138.5).wall);
    expect(moved(extended, success(setA), 128.4).held).toBe(extended.held);
  });

  test('an extension of more than a quarter of an hour is what a stepped clock made of it: it is granted anew', () => {
    const extended = withExpired('imds', success(setA), 140);
    expect(extended.held?.advertisedExpiration).toBe(at(150).wall);
    expect(moved(extended, success(setA), 135).held).toBe(extended.held);
    expect(moved(extended, success(setA), 134.9).held?.advertisedExpiration).toBe(at(144.9).wall);
  });

  test('a set that turns out to be alive, since the wall clock was wrong, gets its true expiration back', () => {
    const extended = withExpired('imds', success(setA));
    expect(moved(extended, success(setA), 100).held?.advertisedExpiration).toBe(setA.credentials.expiration);
  });

  test("'always' extends nothing before the expiration", () => {
    expect(withExpired('always', failure('unreachable'), 119.9).held).toBe(holdingA.held);
    expect(moved(cold, failure('unreachable'), 1, 'always').held).toBeUndefined();
  });

  test("'always' extends also while IMDS is unreachable", () => {
    const state = withExpired('always', failure('unreachable'));
    expect(state.held?.advertisedExpiration).toBe(at(131).wall);
  });

  test("'always' still withdraws a detached role", () => {
    let state = withExpired('always', failure('unreachable'));
    for (let n = 0; n < 3; n++) state = moved(state, failure('no-role'), 122, 'always');
    expect(state.held).toBeUndefined();
  });

  test("'never' refuses", () => {
    expect(usable(withExpired('never', success(setA)), at(121))).toBeUndefined();
    expect(usable(withExpired('never', failure('timeout')), at(121))).toBeUndefined();
  });

  test('a cold agent that gets an expired set serves it extended, or under never nothing', () => {
    const state = moved(cold, success(setA), 121);
    expect(usable(state, at(121))?.advertisedExpiration).toBe(at(131).wall);
    expect(usable(moved(cold, success(setA), 121, 'never'), at(121))).toBeUndefined();
  });

  test('a fresh set ends the extension', () => {
    const fresh = roleCredentials(5, '2026-11-23T16:00:00Z');
    const state = moved(withExpired('imds', success(setA)), success(fresh), 125);
    expect(state.held?.advertisedExpiration).toBe(fresh.credentials.expiration);
    expect(state.trouble).toBeUndefined();
  });
});

describe('The expiration', () => {
  test('is exact to the millisecond', () => {
    const edge = { wall: setA.credentials.expiration, monotonic: 0 };
    const state = { ...holdingA, confirmed: { wall: edge.wall - 10_000, monotonic: -10_000 } };
    expect(usable(state, { ...edge, wall: edge.wall - 1, monotonic: -1 })).toBe(holdingA.held);
    expect(usable(state, edge)).toBeUndefined();
  });

  test('is not put off by a wall clock that is stepped back', () => {
    const steppedBack = { wall: at(60).wall, monotonic: at(121).monotonic };
    expect(usable(holdingA, steppedBack)).toBeUndefined();
    expect(phase(holdingA, steppedBack)).toBe('expired');
  });

  test('counts from the wall clock alone after a suspend, in which monotonic time stood still', () => {
    expect(usable(holdingA, { wall: at(121).wall, monotonic: at(1).monotonic })).toBeUndefined();
  });
});
