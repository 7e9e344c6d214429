import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readProcessFile } from '../../src/client/process-file.ts';
import { keptAnswer } from '../../src/domain/kept-answer.ts';
import { temporaryDirectory } from '../support/agent-process.ts';

const boot = () => ({ id: '0f0e0d0c', uptimeSeconds: () => 100.5 });
const ANSWER = '{"Version":1}';

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'credential-process.json');
  writeFileSync(path, keptAnswer(ANSWER, 101, '0f0e0d0c'));
  chmodSync(path, 0o640);
});
afterEach(() => directory[Symbol.dispose]());

const read = () => readProcessFile(directory.path, boot);

describe('The process file', () => {
  test('gives what is kept in it', () => {
    expect(read()).toBe(`${ANSWER}\n`);
  });

  test.each([0o600, 0o400, 0o604])('of mode %o is for the agent alone', (mode) => {
    chmodSync(path, mode);
    expect(read()).toBeUndefined();
  });

  test.each<[string, () => void]>([
    ['is not there', () => {}],
    ['is a directory', () => mkdirSync(path)],
    ['leads nowhere', () => symlinkSync('nowhere', path)],
    ['is a pipe that nobody writes to', () => spawnSync('mkfifo', ['-m', '0660', path])],
    ['is no text', () => writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00]))],
    ['is empty', () => writeFileSync(path, '')],
    ['is too large', () => writeFileSync(path, `{"a":"${'x'.repeat(70_000)}"}`)],
  ])('gives nothing where it %s', (_, change) => {
    rmSync(path);
    change();
    expect(read()).toBeUndefined();
  });

  test('gives nothing where the time since boot cannot be read', () => {
    const lost = () => {
      throw new Error('no /proc');
    };
    expect(readProcessFile(directory.path, lost)).toBeUndefined();
  });
});
