import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPlainFile } from '../../src/platform/plain-file.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rolekeeper-test-'));
  path = join(directory, 'file');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a regular file is told with its mode and owner', () => {
  writeFileSync(path, 'text\n');
  chmodSync(path, 0o640);
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  expect(readPlainFile(path)).toEqual({ text: 'text\n', mode: 0o640, uid, gid });
});

test.each<[string, () => void]>([
  ['no file', () => {}],
  ['a link, also to a regular file', () => symlinkSync('/etc/hostname', path)],
  ['a device', () => symlinkSync('/dev/zero', path)],
  ['a pipe, which is not waited for', () => execFileSync('mkfifo', [path])],
  ['a file that is too large', () => writeFileSync(path, Buffer.alloc(65_537))],
])('%s is nothing', (_, make) => {
  make();
  expect(readPlainFile(path)).toBeUndefined();
});

test('a directory is nothing', () => {
  expect(readPlainFile(directory)).toBeUndefined();
});
