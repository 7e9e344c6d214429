import { expect, test } from 'vitest';
import { systemSecretRandom } from '../../src/platform/secret-random.ts';

test('there are as many bytes as were asked for, and other ones every time', () => {
  const drawn = Array.from({ length: 100 }, () => Buffer.from(systemSecretRandom(32)).toString('hex'));
  expect(new Set(drawn).size).toBe(100);
  for (const text of drawn) expect(text).toHaveLength(64);
});
