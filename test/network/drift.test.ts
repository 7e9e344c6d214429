import { expect, test } from 'vitest';
import { drift } from '../../src/network/drift.ts';

const planned = `table inet rolekeeper {
	chain a {
		one
		two
		two
	}

	chain b {
		one
	}
}
`;

test('the same rules differ in nothing', () => {
  expect(drift(planned, planned)).toEqual([]);
});

test.each<[string, string, string, readonly string[]]>([
  ['a rule is gone', '\t\tone\n\t\ttwo', '\t\ttwo', ['missing: chain a: one']],
  ['a rule is there twice instead of three times', '\t\ttwo\n\t\ttwo', '\t\ttwo', ['missing: chain a: two']],
  ['a rule was added', '\t\tone\n\t}', '\t\tone\n\t\tthree\n\t}', ['not planned: chain b: three']],
  ['a chain is gone', '\tchain b {\n\t\tone\n\t}\n', '', ['missing: chain b', 'missing: chain b: one']],
  [
    'the order is another',
    '\t\tone\n\t\ttwo',
    '\t\ttwo\n\t\tone',
    ['The same rules are there in another order'],
  ],
  [
    'a rule was changed',
    '\t\tone\n\t\ttwo',
    '\t\tONE\n\t\ttwo',
    ['missing: chain a: one', 'not planned: chain a: ONE'],
  ],
])('%s', (_, before, after, told) => {
  const live = planned.replace(before, after);
  expect(live).not.toBe(planned);
  expect(drift(planned, live)).toEqual(told);
});
