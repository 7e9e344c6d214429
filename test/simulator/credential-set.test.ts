import { expect, test } from 'vitest';
import { newCredentialSet } from '../../src/simulator/credential-set.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';

const issuedAt = Date.parse('2026-11-23T08:00:00.700Z');

function setNumber(serial: number, random = seededRandom(7)) {
  return newCredentialSet(random, { roleName: 'web', serial, issuedAt, lifetimeMs: 21_600_000 });
}

test('a set looks like the ones of EC2 and says EXAMPLE in every part', () => {
  for (let serial = 1; serial <= 200; serial += 1) {
    const set = setNumber(serial, seededRandom(serial));
    expect(set.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(set.accessKeyId).toContain('EXAMPLE');
    expect(set.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
    expect(set.secretAccessKey).toContain('EXAMPLE');
    expect(set.sessionToken).toMatch(/^IQoJb3JpZ2luX2Vj[A-Za-z0-9+/]+==$/);
    expect(set.sessionToken).toContain('EXAMPLE');
    expect(set.sessionToken.length).toBeGreaterThanOrEqual(800);
    expect(set.sessionToken.length).toBeLessThanOrEqual(1_000);
    expect(set.sessionToken.length % 4).toBe(0);
  }
});

test('an expiration is on a whole second and promises no more than the lifetime', () => {
  expect(setNumber(1).expiration).toBe(Date.parse('2026-11-23T14:00:00Z'));
});

test('two sets differ in every part even when the random numbers do not', () => {
  const sets = Array.from({ length: 100 }, (_, index) => setNumber(index + 1, () => 0.5));
  for (const part of ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const) {
    expect(new Set(sets.map((set) => set[part])).size).toBe(100);
  }
});

test('the last letters of a key id count', () => {
  expect(setNumber(1).accessKeyId).toMatch(/EXAMPLEAAAAB$/);
  expect(setNumber(33).accessKeyId).toMatch(/EXAMPLEAAABB$/);
});
