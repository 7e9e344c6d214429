import { describe, expect, test } from 'vitest';
import { type Held, initialState, type LifeState } from '../../src/domain/life-state.ts';
import { readingOf } from '../../src/domain/reader.ts';
import { roleCredentials } from '../support/credentials.ts';

const EXPIRATION = Date.parse('2026-11-23T10:00:00Z');
const START = { wall: Date.parse('2026-11-23T08:00:00Z'), monotonic: 1_000 };

const held: Held = {
  ...roleCredentials(1, '2026-11-23T10:00:00Z'),
  generation: 1,
  advertisedExpiration: EXPIRATION,
};
const trouble = { kind: 'throttled', message: 'IMDS answered 429.' } as const;

const state = (part: Partial<LifeState> = {}): LifeState => ({ ...initialState(0, START), ...part });

/** Both clocks so much later. */
const later = (ms: number) => ({ wall: START.wall + ms, monotonic: START.monotonic + ms });

describe('A reading', () => {
  test.each([
    [-1, true],
    [0, false],
    [1, false],
  ])('%i ms from the advertised expiration has the set: %s', (ms, isServed) => {
    const reading = readingOf(state({ held }), later(EXPIRATION - START.wall + ms));
    expect(reading.held).toBe(isServed ? held : undefined);
    expect(reading.refusal?.code).toBe(isServed ? undefined : 'credentials-expired');
  });

  test('goes by the advertised expiration where it is later than the true one', () => {
    const extended = { ...held, advertisedExpiration: EXPIRATION + 600_000 };
    expect(readingOf(state({ held: extended }), later(EXPIRATION - START.wall + 599_999)).held).toBe(
      extended,
    );
  });

  test('goes by time that has passed, not by a clock that was stepped back', () => {
    const expired = { wall: START.wall, monotonic: later(EXPIRATION - START.wall).monotonic };
    expect(readingOf(state({ held }), expired).refusal?.code).toBe('credentials-expired');
  });
});

describe('A refusal says the cause and the next step', () => {
  test.each([
    [
      'before the first check',
      state(),
      'credentials-pending',
      'No credentials were fetched yet. The next check is under way.',
    ],
    [
      'while checks fail from the start',
      state({ trouble }),
      'credentials-pending',
      'No credentials were fetched yet. IMDS answered 429.',
    ],
    [
      'without a role',
      state({ absence: 'no-role', trouble: { kind: 'no-role', message: 'No role: attach one.' } }),
      'no-role',
      'No role: attach one.',
    ],
    [
      'without a role, and without a message of its own',
      state({ absence: 'no-role' }),
      'no-role',
      'No role is attached to this instance: attach an instance profile that has one.',
    ],
    [
      'after the role was detached',
      state({ absence: 'role-detached', trouble }),
      'role-detached',
      "The instance's role was detached: attach an instance profile with a role and it is served again within a minute. IMDS answered 429.",
    ],
    [
      'after the expiration',
      state({ held: { ...held, advertisedExpiration: START.wall }, trouble }),
      'credentials-expired',
      'The credentials of role web expired at 2026-11-23T10:00:00Z and IMDS gave none newer. IMDS answered 429.',
    ],
  ])('%s', (_, at, code, message) => {
    const { refusal } = readingOf(at, START);
    expect(refusal).toEqual({ code, message });
  });
});
