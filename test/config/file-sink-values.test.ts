import { describe, expect, test } from 'vitest';
import { command, filePath, profileName } from '../../src/config/file-sink-values.ts';
import { refusal, value } from './parsed.ts';

describe('filePath', () => {
  test.each([
    ['/run/rolekeeper/credentials', '/run/rolekeeper/credentials'],
    ['//run//app/./env', '/run/app/env'],
    ['/home/app/.aws/credentials', '/home/app/.aws/credentials'],
    ['/..a/b..', '/..a/b..'],
    ['/a b', '/a b'],
    [`/${'n'.repeat(220)}`, `/${'n'.repeat(220)}`],
  ])('takes %j', (text, path) => {
    expect(value(filePath.parse(text))).toBe(path);
  });

  test.each([
    ['', /absolute path/],
    ['credentials', /absolute path/],
    ['~/.aws/credentials', /absolute path/],
    ['./x', /absolute path/],
    ['/a\nb', /absolute path/],
    ['/a\0', /absolute path/],
    ['/', /a file, not a directory/],
    ['/run/', /a file, not a directory/],
    ['/run/.', /a file, not a directory/],
    ['/run/..', /a file, not a directory/],
    ['/run/../etc/passwd', /must not contain \.\./],
    [`/${'n'.repeat(221)}`, /at most/],
    [`/${'d/'.repeat(2_100)}f`, /at most/],
  ])('refuses %j', (text, rule) => {
    expect(refusal(filePath.parse(text)).rule).toMatch(rule);
  });
});

describe('profileName', () => {
  test.each(['default', 'app', 'a-B_c@d+e.f%g:h/i', 'x'.repeat(64)])('takes %j', (text) => {
    expect(value(profileName.parse(text))).toBe(text);
  });

  test.each(['', 'a b', 'x'.repeat(65), 'a]', 'ü', 'a\n', '[app]', 'profile app'])('refuses %j', (text) => {
    expect(refusal(profileName.parse(text)).rule).toMatch(/^must be the name of an AWS profile/);
  });

  test('refuses DEFAULT, whose keys boto gives to every profile', () => {
    expect(refusal(profileName.parse('DEFAULT'))).toEqual({
      rule: 'must not be DEFAULT: boto would use it for every profile',
      nextStep: 'Write default.',
    });
  });

  test('knows a section when it sees one', () => {
    const nextStep = 'Write the name alone, without brackets and without the word profile.';
    expect(refusal(profileName.parse('[app]')).nextStep).toBe(nextStep);
    expect(refusal(profileName.parse('profile app')).nextStep).toBe(nextStep);
  });
});

describe('command', () => {
  const parse = (items: readonly string[]) => command.parseItems?.(items) ?? command.parse('');

  test.each([
    [[]],
    [['/bin/true']],
    [['/opt/my app/reload', '']],
    [['systemctl', 'try-reload-or-restart', 'example.service']],
    [['sh', '-c', 'a && b\nc, d']],
  ])('takes %j', (items) => {
    expect(value(parse(items))).toEqual(items);
  });

  test('a line for a shell is refused, and taken apart', () => {
    expect(refusal(parse(['systemctl reload "x"']))).toEqual({
      rule: 'must be a command and its arguments: no shell reads it',
      nextStep: 'Write each word by itself: ["systemctl", "reload", "\\"x\\""].',
    });
  });

  test.each([
    [['']],
    [['./reload']],
    [['bin/reload']],
    [['..']],
    [['/']],
    [['/opt/']],
    [[' x']],
    [['x', 'a\0']],
  ])('refuses %j', (items) => {
    expect(refusal(parse(items)).rule).toMatch(/^must be a command and its arguments/);
  });
});
