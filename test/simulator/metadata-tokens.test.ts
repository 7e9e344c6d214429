import { expect, test } from 'vitest';
import { createMetadataTokens } from '../../src/simulator/metadata-tokens.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { manualClock } from '../support/manual-clock.ts';

test('a token has 56 characters that a header can carry, and no two are the same', () => {
  const tokens = createMetadataTokens(manualClock(), () => 0.5);
  const issued = Array.from({ length: 1_000 }, () => tokens.issue(60));
  for (const token of issued) expect(token).toMatch(/^[A-Za-z0-9_-]{54}==$/);
  expect(new Set(issued).size).toBe(1_000);
});

test('a token is good for its TTL, to the millisecond, and its remaining seconds are rounded down', async () => {
  const clock = manualClock();
  const tokens = createMetadataTokens(clock, seededRandom(1));
  const token = tokens.issue(2);
  expect(tokens.remainingSeconds(token)).toBe(2);
  await clock.advance(1);
  expect(tokens.remainingSeconds(token)).toBe(1);
  await clock.advance(1_998);
  expect(tokens.remainingSeconds(token)).toBe(0);
  await clock.advance(1);
  expect(tokens.remainingSeconds(token)).toBeUndefined();
});

test('an unknown token is not good', () => {
  expect(createMetadataTokens(manualClock(), seededRandom(1)).remainingSeconds('made-up')).toBeUndefined();
});

test('forgotten tokens are unknown', () => {
  const tokens = createMetadataTokens(manualClock(), seededRandom(1));
  const token = tokens.issue(60);
  tokens.forgetAll();
  expect(tokens.remainingSeconds(token)).toBeUndefined();
  expect(tokens.count()).toBe(0);
});

test('when there are too many, expired ones go first and then the oldest', async () => {
  const clock = manualClock();
  const tokens = createMetadataTokens(clock, seededRandom(1), 3);
  const old = tokens.issue(100);
  tokens.issue(1);
  const middle = tokens.issue(100);
  await clock.advance(1_000);
  const third = tokens.issue(100);
  expect([old, middle, third].map(tokens.remainingSeconds)).toEqual([99, 99, 100]);
  const fourth = tokens.issue(100);
  expect([old, middle, third, fourth].map(tokens.remainingSeconds)).toEqual([undefined, 99, 100, 100]);
  expect(tokens.count()).toBe(3);
});
