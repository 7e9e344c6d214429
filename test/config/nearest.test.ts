import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';

const known = ['check_interval', 'connect_timeout', 'endpoint', 'role', 'mode'];

test.each([
  ['chek_interval', 'check_interval'],
  ['check_intervall', 'check_interval'],
  ['cehck_interval', 'check_interval'],
  ['check-interval', 'check_interval'],
  ['chk_interva', undefined],
  ['endpiont', 'endpoint'],
  ['rol', 'role'],
  ['roel', 'role'],
  ['mole', 'role'],
  ['rood', undefined],
  ['', undefined],
  ['x'.repeat(1_000_000), undefined],
  ['__proto__', undefined],
])('%.20j means %j', (word, meant) => {
  expect(nearest(word, known)).toBe(meant);
});

test('a word that is known means itself', () => {
  fc.assert(
    fc.property(fc.constantFrom(...known), (word) => {
      expect(nearest(word, known)).toBe(word);
    }),
  );
});
