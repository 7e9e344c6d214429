import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkDirectory } from '../../../src/delivery/file-sinks/trusted-directory.ts';
import { isRoot, NOBODY } from '../../support/machine.ts';
import { type TemporaryDirectory, temporaryDirectory, trusted } from './temporary.ts';

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory[Symbol.dispose]());

function folder(name: string, mode = 0o755, uid?: number): string {
  const path = directory.file(name);
  mkdirSync(path);
  chmodSync(path, mode);
  if (uid !== undefined) chownSync(path, uid, 0);
  return path;
}

test("a directory of one's own is trusted", async () => {
  expect(await checkDirectory(`${folder('a')}/file`, trusted)).toEqual({ isShared: false });
});

test('a directory where every user can make files is told, as long as nobody can take away those of others', async () => {
  expect(await checkDirectory(`${folder('a', 0o1777)}/file`, trusted)).toEqual({ isShared: true });
});

test('and below it, a directory of one’s own is one’s own', async () => {
  const shared = folder('a', 0o1777);
  mkdirSync(`${shared}/b`, { mode: 0o755 });
  expect(await checkDirectory(`${shared}/b/file`, trusted)).toEqual({ isShared: false });
});

describe('a directory is refused', () => {
  test('in which every user may replace files', async () => {
    const open = folder('a', 0o777);
    const problem = `every user may replace files in ${open}: take that away with chmod o-w ${open}, or change the path`;
    await expect(checkDirectory(`${open}/file`, trusted)).rejects.toThrow(problem);
    mkdirSync(`${open}/b`);
    await expect(checkDirectory(`${open}/b/file`, trusted)).rejects.toThrow(problem);
  });

  test('that is reached by a link into one', async () => {
    const open = folder('a', 0o777);
    symlinkSync(open, directory.file('link'));
    await expect(checkDirectory(directory.file('link/file'), trusted)).rejects.toThrow(
      `every user may replace files in ${open}`,
    );
  });

  test.skipIf(!isRoot)('that belongs to someone else, it or one above', async () => {
    const foreign = folder('a', 0o755, NOBODY);
    const problem = `the directory ${foreign} belongs to uid ${NOBODY}, who could put another file in its place: only root, the agent's user and the file's owner may own it`;
    await expect(checkDirectory(`${foreign}/file`, trusted)).rejects.toThrow(problem);
    mkdirSync(`${foreign}/b`);
    await expect(checkDirectory(`${foreign}/b/file`, trusted)).rejects.toThrow(problem);
    expect(await checkDirectory(`${foreign}/b/file`, new Set([0, NOBODY]))).toEqual({ isShared: false });
  });

  test.skipIf(!isRoot)('that is reached by a link of someone else', async () => {
    const link = directory.file('link');
    symlinkSync(folder('a'), link);
    expect(await checkDirectory(`${link}/file`, trusted)).toEqual({ isShared: false });
    lchownSync(link, NOBODY, NOBODY);
    await expect(checkDirectory(`${link}/file`, trusted)).rejects.toThrow(
      `the directory ${link} is a link that belongs to uid ${NOBODY}, who could put another file in its place`,
    );
  });

  test('that is a file', async () => {
    writeFileSync(directory.file('file'), '');
    await expect(checkDirectory(directory.file('file/file'), trusted)).rejects.toThrow(
      `${directory.file('file')} is not a directory: change the path`,
    );
  });

  test('that does not exist, with the error of the system', async () => {
    await expect(checkDirectory(directory.file('no/file'), trusted)).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
