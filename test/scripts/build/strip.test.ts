import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stripped } from '../../../scripts/build/strip.ts';
import { temporaryDirectory } from '../../support/agent-process.ts';
import { run } from '../../support/child.ts';

test('Node runs without its symbols, and is a sixth smaller or more', async () => {
  using directory = temporaryDirectory('rolekeeper-strip-');
  const before = readFileSync(process.execPath);
  const after = stripped(before);
  expect(after.length).toBeLessThan((before.length * 5) / 6);
  const copy = join(directory.path, 'node');
  writeFileSync(copy, after, { mode: 0o755 });
  const ended = await run([copy, '-p', 'process.version']);
  expect(ended).toMatchObject({ code: 0, stdout: `${process.version}\n`, stderr: '' });
  expect(stripped(after).equals(after)).toBe(true);
});

test('What is no executable of a known kind is refused', () => {
  expect(() => stripped(Buffer.from('#!/bin/sh\n'))).toThrow('no 64-bit little-endian ELF file');
});
