import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { descriptorLimit } from '../../src/platform/descriptor-limit.ts';
import { temporaryDirectory } from '../support/agent-process.ts';

test.each([
  [
    'Max processes             7                7                processes\nMax open files            4096                 524288               files\n',
    4_096,
  ],
  ['Max open files            unlimited            unlimited            files\n', Number.MAX_SAFE_INTEGER],
  ['', 1_024],
])('%j is %d', (text, limit) => {
  using directory = temporaryDirectory();
  const path = join(directory.path, 'limits');
  writeFileSync(path, text);
  expect(descriptorLimit(path)).toBe(limit);
});

test('this process has one, and without /proc it is the usual one', () => {
  expect(descriptorLimit()).toBeGreaterThan(64);
  expect(descriptorLimit('/nonexistent')).toBe(1_024);
});
