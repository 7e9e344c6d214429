import { expect, test } from 'vitest';
import { formatConfigError } from '../../src/config/config-error.ts';

const error = {
  source: '/c.toml',
  key: undefined,
  rule: 'does not exist',
  found: undefined,
  nextStep: 'Make it.',
};

test('an error is one line with as much of its place as is known', () => {
  expect(formatConfigError(error)).toBe('/c.toml: does not exist. Make it.');
  expect(
    formatConfigError({ ...error, line: 3, column: 7, key: 'a.b', rule: 'must be x', found: '"y"' }),
  ).toBe('/c.toml:3:7: a.b must be x; found "y". Make it.');
});

test('a path cannot break the line', () => {
  expect(formatConfigError({ ...error, source: '/a\nb' })).toBe('/a\\u{a}b: does not exist. Make it.');
});
