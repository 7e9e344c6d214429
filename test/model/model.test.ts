import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { BREAKS, brokenCopy } from './broken.ts';
import { CheckSource } from './check-source.ts';
import { loadCode } from './code.ts';
import { explore } from './explore.ts';
import { PROPERTIES } from './judge.ts';
import { SCOPES } from './scope.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const STABILITIES = ['never', 'imds', 'always'] as const;

/** Deeper ones are `npm run model`'s. */
const DEPTHS = { everything: 3, roles: 3, clocks: 4 };
const searches = Object.values(SCOPES).flatMap((scope) =>
  STABILITIES.map((stability) => [scope.name, stability, scope] as const),
);

describe('In every state that can be reached', () => {
  test.each(searches)('every property holds: %s, static stability %s', async (_, stability, scope) => {
    const code = await loadCode(`${root}/src`);
    const found = await explore(
      { code, stability, scope, source: new CheckSource(code) },
      DEPTHS[scope.name],
    );
    expect(found.counterexample).toBeUndefined();
    expect(found.depth).toBe(DEPTHS[scope.name]);
    expect(found.states).toBeGreaterThan(100);
    expect(found.transitions).toBeGreaterThan(found.states);
  });

  test('the count is the same, always', async () => {
    const code = await loadCode(`${root}/src`);
    const count = () =>
      explore({ code, stability: 'imds', scope: SCOPES.roles, source: new CheckSource(code) }, 3);
    expect(await count()).toEqual(await count());
  });
});

describe('The search finds', () => {
  test.each(BREAKS)('$name', async (broken) => {
    const { src, remove } = brokenCopy(root, broken);
    try {
      const code = await loadCode(src);
      const { scope, stability, violates } = broken;
      const model = { code, stability, scope: SCOPES[scope], source: new CheckSource(code) };
      const { counterexample } = await explore(model, DEPTHS[scope] + 2);
      expect(counterexample?.property, JSON.stringify(counterexample)).toBe(violates);
    } finally {
      remove();
    }
  });

  test('a break of every property', () => {
    expect(new Set(BREAKS.map(({ violates }) => violates))).toEqual(new Set(Object.keys(PROPERTIES)));
  });
});
