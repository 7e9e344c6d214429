import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BREAKS } from './breaks.ts';
import { INVARIANTS } from './judge/invariants.ts';

test('every invariant has a break of the product that must violate it', () => {
  expect(new Set(BREAKS.map(({ violates }) => violates))).toEqual(new Set(Object.keys(INVARIANTS)));
});

test.each(BREAKS.map((each) => [each.name, each.replace] as const))('still applies: %s', (_, replace) => {
  for (const { file, from } of replace) {
    const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
    expect(source.split(from), `src/${file}`).toHaveLength(2);
  }
});
