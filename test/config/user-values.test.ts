import { describe, expect, test } from 'vitest';
import { group, owner, user, users } from '../../src/config/user-values.ts';
import { refusal, value } from './parsed.ts';

describe.each([
  ['group', group, "a group's", 'group', 'getent group'],
  ['owner', owner, "a user's", 'user', 'getent passwd'],
] as const)('%s', (_, type, whose, kind, lists) => {
  test.each([
    '',
    'rolekeeper',
    '_x',
    'a-b.c$',
    'domain users@example.com',
    'EXAMPLE\\users',
    '0',
    '4294967294',
  ])('takes %j', (text) => {
    expect(value(type.parse(text))).toBe(text);
  });

  test.each([
    ' ',
    ' a',
    'a ',
    'a:b',
    'a,b',
    'a/b',
    '-1',
    '+1',
    'a\nb',
    'a\0',
    '4294967295',
    '9'.repeat(30),
    'x'.repeat(999),
  ])('refuses %j', (text) => {
    expect(type.parse(text).ok).toBe(false);
  });

  test('says where such names come from', () => {
    expect(refusal(type.parse('a:b'))).toEqual({
      rule: `must be ${whose} name or number, or empty for the agent's own ${kind}`,
      nextStep: `Write a ${kind} that \`${lists}\` lists.`,
    });
  });
});

describe('users', () => {
  test.each([
    ['', []],
    ['backup', ['backup']],
    ['backup, 1000,_s3', ['backup', '1000', '_s3']],
  ])('takes %j, as a variable gives it', (text, names) => {
    expect(value(users.parse(text))).toEqual(names);
  });

  test('takes the elements of an array as they are', () => {
    expect(users.parseItems?.(['domain users@example.com', '0'])).toEqual({
      ok: true,
      value: ['domain users@example.com', '0'],
    });
  });

  test.each([
    ['a,,b', 'Remove the one that is empty.'],
    [',', 'Remove the one that is empty.'],
    ['a:b', 'Write users that `getent passwd` lists.'],
    ['-1', 'Write users that `getent passwd` lists.'],
    ['4294967295', 'Write users that `getent passwd` lists.'],
  ])('refuses %j', (text, nextStep) => {
    expect(refusal(users.parse(text))).toEqual({
      rule: "must be a list of users' names or numbers",
      nextStep,
    });
  });

  test('an element of an array may not hold a comma: no name does', () => {
    expect(users.parseItems?.(['a,b'])?.ok).toBe(false);
  });
});

test('a user who has to be named is not empty', () => {
  expect(value(user.parse('rolekeeper'))).toBe('rolekeeper');
  expect(refusal(user.parse(''))).toEqual({
    rule: "must be a user's name or number",
    nextStep: 'Write a user that `getent passwd` lists.',
  });
});
