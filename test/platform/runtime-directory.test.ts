import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeRuntimeDirectory } from '../../src/platform/runtime-directory.ts';
import { temporaryDirectory } from '../support/agent-process.ts';

test('it is made once, and the directory above it never', () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, 'run');
  makeRuntimeDirectory(path);
  makeRuntimeDirectory(path);
  expect(statSync(path).isDirectory()).toBe(true);
  expect(() => makeRuntimeDirectory(join(directory.path, 'a/b'))).toThrow(
    /^Cannot make the runtime directory .*a\/b \(ENOENT\): the directory above it must exist and be writable\./,
  );
  writeFileSync(join(directory.path, 'file'), '');
  expect(() => makeRuntimeDirectory(join(directory.path, 'file/run'))).toThrow(/\(ENOTDIR\)/);
});
