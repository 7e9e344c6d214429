import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemFiles } from '../../src/platform/files.ts';
import { temporaryDirectory } from '../support/agent-process.ts';

const uid = process.getuid?.() ?? -1;

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'state.json');
});
afterEach(() => directory[Symbol.dispose]());

test('a private file that was written is read back', () => {
  systemFiles.replace(path, 'größer', { mode: 0o600 });
  expect(systemFiles.readPrivate(path, uid)).toBe('größer');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('no private file is no error', () => {
  expect(systemFiles.readPrivate(path, uid)).toBeUndefined();
  expect(systemFiles.readPrivate(join(directory.path, 'missing', 'state.json'), uid)).toBeUndefined();
});

// What else can stand there: test/lifecycle/warm-restart.test.ts.
test('a file of exactly 64 KiB is read, one byte more is told with the rule and the size', () => {
  systemFiles.replace(path, 'x'.repeat(64 * 1024), { mode: 0o600 });
  expect(systemFiles.readPrivate(path, uid)).toHaveLength(64 * 1024);
  systemFiles.replace(path, 'x'.repeat(64 * 1024 + 1), { mode: 0o600 });
  expect(() => systemFiles.readPrivate(path, uid)).toThrow('it has 65537 bytes, expected at most 65536');
});

test('a file is removed, and no file is no error', () => {
  writeFileSync(path, '');
  systemFiles.remove(path);
  systemFiles.remove(path);
  expect(readdirSync(directory.path)).toEqual([]);
});

test('a directory is not removed', () => {
  mkdirSync(path);
  writeFileSync(join(path, 'kept'), 'kept');
  expect(() => systemFiles.remove(path)).toThrow(expect.objectContaining({ code: 'ERR_FS_EISDIR' }));
  expect(readFileSync(join(path, 'kept'), 'utf8')).toBe('kept');
});
