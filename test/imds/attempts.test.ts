import { describe, expect, test } from 'vitest';
import type { SourceErrorKind } from '../../src/domain/errors.ts';
import { createAttempt, RETRY_TABLE } from '../../src/imds/attempts.ts';
import { SourceFailure } from '../../src/imds/source-errors.ts';
import { manualClock } from '../support/manual-clock.ts';

/** Fails `failures` times in this way, then works. Gives the moments of the tries and how it ended. */
async function tries(
  failure: () => Error,
  { failures = Number.POSITIVE_INFINITY, attempts = 3, random = 0.5, abortAfterMs = -1 } = {},
) {
  const clock = manualClock();
  const at: number[] = [];
  const stopping = new AbortController();
  const attempt = createAttempt({ attempts, clock, random: () => random });
  const start = clock.monotonic();
  const ended = attempt(async () => {
    at.push(clock.monotonic() - start);
    if (at.length <= failures) throw failure();
    return 'worked';
  }, stopping.signal).catch((error: unknown) => error);
  if (abortAfterMs >= 0) {
    await clock.advance(abortAfterMs);
    stopping.abort();
  }
  await clock.advance(60_000);
  return { at, ended: await ended, pendingTimers: clock.pendingTimers() };
}

const failing = (kind: SourceErrorKind, facts: { status?: number } = {}) => {
  const failure = new SourceFailure(kind, `a ${kind}`, facts);
  return () => failure;
};

describe('how often a request is tried', () => {
  test.each([
    ['throttled', {}, 3],
    ['timeout', {}, 3],
    ['unexpected-status', { status: 500 }, 3],
    ['unexpected-status', { status: 502 }, 3],
    ['unexpected-status', { status: 400 }, 1],
    ['unexpected-status', { status: 405 }, 1],
    ['token-unanswered', {}, 2],
    ['unreachable', {}, 1],
    ['imds-disabled', {}, 1],
    ['no-role', {}, 1],
    ['role-mismatch', {}, 1],
    ['role-changed', {}, 1],
    ['token-refused', {}, 1],
    ['service-error', {}, 1],
    ['expired-document', {}, 1],
    ['malformed', {}, 1],
  ] as const)('%s %j: %i times, then its failure is thrown', async (kind, facts, times) => {
    const failure = failing(kind, facts);
    const { at, ended } = await tries(failure);
    expect(at).toHaveLength(times);
    expect(ended).toBe(failure());
  });

  test('the table has a rule for every kind, and no rule repeats without a pause', () => {
    for (const rule of Object.values(RETRY_TABLE)) {
      if (rule.retries > 0) expect(rule.pauseMs).toBeGreaterThanOrEqual(100);
    }
  });

  test.each([1, 2, 5])('attempts = %i is the most', async (attempts) => {
    expect((await tries(failing('throttled'), { attempts })).at).toHaveLength(attempts);
    expect((await tries(failing('token-unanswered'), { attempts })).at).toHaveLength(Math.min(2, attempts));
  });

  test('what works is not repeated', async () => {
    const { at, ended } = await tries(failing('timeout'), { failures: 1 });
    expect(at).toHaveLength(2);
    expect(ended).toBe('worked');
  });

  test.each([new TypeError('a defect'), new TypeError('fetch failed'), new Error('a defect')])(
    'a defect (%s) is not repeated',
    async (defect) => {
      const { at, ended } = await tries(() => defect);
      expect(at).toHaveLength(1);
      expect(ended).toBe(defect);
    },
  );
});

describe('the pauses', () => {
  test.each([
    [0, [0, 100, 300]],
    [0.5, [0, 150, 450]],
    [0.999, [0, 199.9, 599.7]],
  ])('with chance %d the tries are at %j ms', async (random, expected) => {
    const { at } = await tries(failing('throttled'), { random });
    at.forEach((moment, index) => {
      expect(moment).toBeCloseTo(expected[index] ?? Number.NaN, 5);
    });
  });

  test('are never longer than 400 ms', async () => {
    const { at } = await tries(failing('throttled'), { attempts: 8, random: 0.999 });
    at.slice(1).forEach((moment, index) => {
      expect(moment - (at[index] ?? 0)).toBeLessThanOrEqual(400.001);
    });
  });

  test('end with the signal, without another try and without a timer left', async () => {
    const failure = failing('throttled');
    const { at, ended, pendingTimers } = await tries(failure, { abortAfterMs: 50 });
    expect(at).toEqual([0]);
    expect(ended).toBe(failure());
    expect(pendingTimers).toBe(0);
  });
});
