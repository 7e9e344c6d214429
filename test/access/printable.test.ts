import { expect, test } from 'vitest';
import { printable } from '../../src/access/printable.ts';

test.each([
  ['aws-cli/2.9 Python/3.11', 'aws-cli/2.9 Python/3.11'],
  ['a\r\nb\tc', 'a??b?c'],
  ['\u001b[31mred\u0007', '?[31mred?'],
  ['\u202egnp.exe', '?gnp.exe'],
  ['\ud800 alone', '? alone'],
  ['x'.repeat(120), 'x'.repeat(120)],
  ['x'.repeat(121), `${'x'.repeat(119)}…`],
  ['😀'.repeat(121), `${'😀'.repeat(119)}…`],
])('%j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});
