import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processEnvironments } from '../../src/platform/process-environments.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { startChild } from '../support/child.ts';

function proc(environments: Readonly<Record<string, string>>) {
  const directory = temporaryDirectory();
  for (const [pid, environ] of Object.entries(environments)) {
    mkdirSync(join(directory.path, pid));
    writeFileSync(join(directory.path, pid, 'environ'), environ);
  }
  return directory;
}

test('names and no values, whatever the values hold', () => {
  using root = proc({ '7': 'A=1\0B=x=y\0C=\nD=no variable\0\0', '8': '', self: 'E=1\0' });
  const found = [...processEnvironments(root.path)].map(({ pid, names }) => [pid, [...(names ?? [])]]);
  expect(found).toEqual([
    [7, ['A', 'B', 'C', '']],
    [8, ['']],
  ]);
});

test('a process that has ended meanwhile is left out', () => {
  using root = proc({ '7': 'A=1\0' });
  mkdirSync(join(root.path, '9'));
  expect([...processEnvironments(root.path)].map(({ pid }) => pid)).toEqual([7]);
});

test('finds the variables of a real process, and whose it is', async () => {
  const child = startChild([process.execPath, '-e', 'setInterval(() => {}, 1e6)'], { env: { MARK: 'x' } });
  const found = [...processEnvironments()].find(({ pid }) => pid === child.pid);
  child.kill('SIGKILL');
  await child.ended;
  expect(found?.names?.has('MARK')).toBe(true);
  expect(found?.uid).toBe(process.geteuid?.());
});

test.skipIf(process.geteuid?.() !== 0)('what this user may not read has no names', () => {
  const euid = process.geteuid?.() ?? 0;
  process.seteuid?.(65_534);
  try {
    const own = [...processEnvironments()].find(({ pid }) => pid === process.ppid);
    expect(own).toMatchObject({ uid: 0, names: undefined });
  } finally {
    process.seteuid?.(euid);
  }
});
