import { describe, expect, test } from 'vitest';
import { privateFileMode, privateMode, roleName, socketPath } from '../../src/config/socket-values.ts';
import { refusal, value } from './parsed.ts';

describe('privateMode', () => {
  test.each([
    ['0660', 0o660],
    ['0600', 0o600],
    ['0000', 0],
  ])('takes %s', (text, mode) => {
    expect(value(privateMode.parse(text))).toBe(mode);
    expect(privateMode.format(mode)).toBe(`"${text}"`);
  });

  test.each(['0666', '0661', '0662', '0664', '0777', '0007'])('refuses %s: it lets others in', (text) => {
    expect(refusal(privateMode.parse(text))).toEqual({
      rule: 'must not give anything to others (its last digit must be 0): whoever can connect gets the credentials',
      nextStep: `Write ${text.slice(0, 3)}0, and let consumers in through the group.`,
    });
  });

  test.each(['', '660', '1660', '4660', '00660', '0680', '0o660', '0x1b0', ' 0660', 'rw-rw----', '-660'])(
    'refuses %j: it is no mode',
    (text) => {
      expect(refusal(privateMode.parse(text)).rule).toMatch(/^must be four octal digits/);
    },
  );
});

test('a file is refused for those who can read it, and 0640 is what it is told to be', () => {
  expect(refusal(privateFileMode.parse('0644'))).toEqual({
    rule: 'must not give anything to others (its last digit must be 0): whoever can read the file gets the credentials',
    nextStep: 'Write 0640, and let consumers in through the group.',
  });
  expect(refusal(privateFileMode.parse('644'))).toEqual({
    rule: 'must be four octal digits, the first and the last of them 0, such as 0640',
    nextStep: 'Write 0640 to let the group in, 0600 to let nobody else in.',
  });
});

describe('socketPath', () => {
  test.each([
    'agent.sock',
    'sub/agent.sock',
    '/run/x/agent.sock',
    './a',
    '..a',
    'a..b/c',
    'ü',
    'a'.repeat(107),
  ])('takes %j', (text) => {
    expect(value(socketPath.parse(text))).toBe(text);
  });

  test.each([
    ['', /at most 107 bytes/],
    ['a\0b', /at most 107 bytes/],
    ['a\nb', /at most 107 bytes/],
    ['a'.repeat(108), /at most 107 bytes/],
    ['ü'.repeat(54), /at most 107 bytes/],
    ['/', /a file, not a directory/],
    ['a/', /a file, not a directory/],
    ['.', /a file, not a directory/],
    ['a/..', /a file, not a directory/],
    ['../agent.sock', /must not contain \.\./],
    ['/run/../etc/agent.sock', /must not contain \.\./],
  ])('refuses %j', (text, rule) => {
    expect(refusal(socketPath.parse(text)).rule).toMatch(rule);
  });
});

describe('roleName', () => {
  test.each(['', 'app-role', 'A_+=,.@-9', 'r'.repeat(64)])('takes %j', (text) => {
    expect(value(roleName.parse(text))).toBe(text);
  });

  test.each(['a b', 'path/role', 'r'.repeat(65), 'rôle', 'a\n', '../x'])('refuses %j', (text) => {
    expect(roleName.parse(text).ok).toBe(false);
  });

  test('knows an ARN when it sees one', () => {
    expect(refusal(roleName.parse('arn:aws:iam::111122223333:role/app')).nextStep).toBe(
      'Write only the part of the ARN after its last slash.',
    );
  });
});
