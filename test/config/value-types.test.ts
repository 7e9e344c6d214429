import { describe, expect, test } from 'vitest';
import { awsSeconds } from '../../src/config/aws-seconds.ts';
import {
  durationBetween,
  listed,
  oneOf,
  quoted,
  textList,
  trueOrFalse,
  wholeNumber,
} from '../../src/config/value-types.ts';
import { refusal, value } from './parsed.ts';

describe('oneOf', () => {
  const level = oneOf('error', 'warn', 'info');

  test('takes each of its words', () => {
    expect(value(level.parse('warn'))).toBe('warn');
  });

  test.each([
    ['Warn', 'Did you mean warn?'],
    ['ifno', 'Did you mean info?'],
    ['loud', 'Write one of these words.'],
    ['', 'Write one of these words.'],
    ['__proto__', 'Write one of these words.'],
  ])('refuses %j', (text, nextStep) => {
    expect(refusal(level.parse(text))).toEqual({ rule: 'must be error, warn or info', nextStep });
  });
});

describe('durationBetween', () => {
  const interval = durationBetween('100ms', '1h');

  test.each([
    ['100ms', 100],
    ['1h', 3_600_000],
    ['60m', 3_600_000],
    ['0.1s', 100],
  ])('takes %s', (text, ms) => {
    expect(value(interval.parse(text))).toBe(ms);
  });

  test.each([
    ['99ms', 'Write a longer duration.'],
    ['61m', 'Write a shorter duration.'],
    ['9999999h', 'Write a shorter duration.'],
    ['60', 'Write one number and one unit (ms, s, m or h) without a space, such as 90s.'],
    ['0s', 'Write one number and one unit (ms, s, m or h) without a space, such as 90s.'],
  ])('refuses %s', (text, nextStep) => {
    expect(refusal(interval.parse(text))).toEqual({ rule: 'must be a duration from 100ms to 1h', nextStep });
  });

  test('writes what it reads', () => {
    expect(interval.format(90_000)).toBe('"90s"');
  });

  test('cannot be made with a bound that is no duration', () => {
    expect(() => durationBetween('0', '1h')).toThrow("Cannot bound a duration by '0'");
  });
});

describe('wholeNumber', () => {
  test.each([
    ['1', 1],
    ['10', 10],
    ['003', 3],
  ])('takes %s', (text, number) => {
    expect(value(wholeNumber(1, 10).parse(text))).toBe(number);
  });

  test.each(['0', '11', '', ' 3', '3.0', '-1', '1e0', '0x3', 'NaN', 'Infinity', '9'.repeat(400)])(
    'refuses %j',
    (text) => {
      expect(refusal(wholeNumber(1, 10).parse(text)).rule).toBe('must be a whole number from 1 to 10');
    },
  );
});

describe('trueOrFalse', () => {
  test.each([
    ['true', true],
    ['false', false],
  ])('takes %s', (text, yes) => {
    expect(value(trueOrFalse.parse(text))).toBe(yes);
    expect(trueOrFalse.format(yes)).toBe(text);
  });

  test.each(['', 'TRUE', 'yes', '1', 'on', ' true'])('refuses %j', (text) => {
    expect(refusal(trueOrFalse.parse(text))).toEqual({
      rule: 'must be true or false',
      nextStep: 'Write one of these words.',
    });
  });
});

describe('textList', () => {
  const list = textList('must be short words', (items) =>
    items.some((item) => item.length > 3)
      ? { ok: false, rule: 'must be short words', nextStep: 'Write shorter ones.' }
      : undefined,
  );

  test('in a variable is separated by commas, and nothing is no element', () => {
    expect(value(list.parse('a, b ,c'))).toEqual(['a', 'b', 'c']);
    expect(value(list.parse(''))).toEqual([]);
  });

  test('in a file is an array, whose elements may hold commas and blanks', () => {
    expect(list.parseItems?.([' a,', ''])).toEqual({ ok: true, value: [' a,', ''] });
    expect(list.format([' a,', '"'])).toBe('[" a,", "\\""]');
  });

  test('is refused for one bad element, however it is written', () => {
    expect(list.parse('a,bcde').ok).toBe(false);
    expect(list.parseItems?.(['a', 'bcde'])?.ok).toBe(false);
  });
});

describe('awsSeconds', () => {
  const timeout = awsSeconds('10ms', '30s');

  test.each([
    ['1', 1_000],
    ['2.5', 2_500],
    ['30', 30_000],
    ['0.01', 10],
  ])('takes %s', (text, ms) => {
    expect(value(timeout.parse(text))).toBe(ms);
  });

  test.each(['0', '31', '1s', '-1', '', '1e1', '1m', ' 1'])('refuses %j', (text) => {
    expect(refusal(timeout.parse(text)).rule).toBe(
      'must be a number of seconds, and a duration from 10ms to 30s',
    );
  });
});

test('a quoted text is a TOML string, whatever it holds', () => {
  expect(quoted('a"\\\n\x00\x7f')).toBe('"a\\"\\\\\\n\\u0000\\u007f"');
});

test('a list reads like a sentence', () => {
  expect([
    listed([], 'or'),
    listed(['a'], 'or'),
    listed(['a', 'b'], 'or'),
    listed(['a', 'b', 'c'], 'and'),
  ]).toEqual(['', 'a', 'a or b', 'a, b and c']);
});
