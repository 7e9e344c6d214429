import { expect, test } from 'vitest';
import { shown, shownKey, shownSetting, shownValue } from '../../src/config/shown.ts';

test('a value is cut to 60 characters, the mark of the cut included', () => {
  expect(shownValue('x', 'y'.repeat(60))).toBe('y'.repeat(60));
  expect(shownValue('x', 'y'.repeat(61))).toBe(`${'y'.repeat(59)}…`);
  expect(shownValue('x', '😀'.repeat(61))).toBe(`${'😀'.repeat(59)}…`);
  expect(Array.from(shownValue('x', 'z'.repeat(1_000_000)))).toHaveLength(60);
});

test('nothing can move the cursor, break the line or turn the writing direction', () => {
  expect(shown('a\n\r\t\x1b[31m\x7f\x9b\u202e\u2028\ud800')).toBe(
    'a\\u{a}\\u{d}\\u{9}\\u{1b}[31m\\u{7f}\\u{9b}\\u{202e}\\u{2028}\\u{d800}',
  );
});

test('the password of a URL is not shown', () => {
  expect(shown('"http://me:EXAMPLE@host/ http://you@host"')).toBe(
    '"http://[not shown]@host/ http://[not shown]@host"',
  );
});

test.each(['secret_access_key', 'aws_session_token', 'Password', 'accesskey', 'credentials'])(
  'the value of %s is not shown: it may be one',
  (key) => {
    expect(shownValue(key, '"EXAMPLE"')).toBe('[not shown]');
  },
);

test('a table that holds such a key is not shown', () => {
  expect(shownValue('aws', '{ secret_access_key = "EXAMPLE" }')).toBe('[not shown]');
});

test.each(['"/run/rolekeeper/credentials"', '"container-token"', '["systemctl", "reload", "token-service"]'])(
  'the value %s of a setting that exists is shown: only a path or a name has such a word in it',
  (written) => {
    expect(shownSetting(written)).toBe(written);
  },
);

test.each([
  '"ASIAQ3EXAMPLEKEY0001"',
  '"IQoJEXAMPLE"',
  '["curl", "--password=EXAMPLE"]',
  '["x", "AWS_SECRET_ACCESS_KEY=EXAMPLE"]',
])('the value %s is not shown, of whatever setting: it looks like a secret', (written) => {
  expect(shownSetting(written)).toBe('[not shown]');
});

test('parts of a key that need quotes get them', () => {
  expect(shownKey(['imds', 'a.b', '', 'x'.repeat(100)])).toBe(`imds."a.b".""."${'x'.repeat(59)}…"`);
});
