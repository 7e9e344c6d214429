import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSinkDisk } from '../../../src/delivery/file-sinks/sink-disk.ts';
import { SinkProblem } from '../../../src/delivery/file-sinks/sink-problem.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { isRoot, NOBODY } from '../../support/machine.ts';
import {
  ownAccess,
  ownGid,
  ownUid,
  type TemporaryDirectory,
  temporaryDirectory,
  trusted,
} from './temporary.ts';

const disk = createSinkDisk(systemRandom);
let directory: TemporaryDirectory;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = directory.file('credentials');
});
afterEach(() => directory[Symbol.dispose]());

const names = () => readdirSync(directory.path);
const content = () => readFileSync(path, 'latin1');

async function read() {
  const file = await disk.read(path, trusted);
  if (file === undefined) throw new Error('No file');
  return file;
}

describe('replace', () => {
  test.each([0o000, 0o022, 0o077, 0o777])(
    'gives the file its access, whatever the umask (%o)',
    async (umask) => {
      const before = process.umask(umask);
      try {
        await disk.replace(path, 'x', ownAccess(0o640), undefined);
      } finally {
        process.umask(before);
      }
      expect(statSync(path)).toMatchObject({ uid: ownUid, gid: ownGid });
      expect(statSync(path).mode & 0o7777).toBe(0o640);
      expect(names()).toEqual(['credentials']);
    },
  );

  test.skipIf(!isRoot)('gives the file its owner and group', async () => {
    await disk.replace(path, 'x', { mode: 0o600, uid: NOBODY, gid: 7 }, undefined);
    expect(statSync(path)).toMatchObject({ uid: NOBODY, gid: 7 });
  });

  test('writes every byte as it is, and reads it back', async () => {
    const bytes = Array.from({ length: 256 }, (_, index) => String.fromCharCode(index)).join('');
    const identity = await disk.replace(path, bytes, ownAccess(0o600), undefined);
    expect(await read()).toEqual({ content: bytes, identity, access: ownAccess(0o600) });
    expect(readFileSync(path)).toEqual(Buffer.from(bytes, 'latin1'));
  });

  test('leaves what stands there whole for those who have it open', async () => {
    writeFileSync(path, 'before');
    const { identity } = await read();
    const inode = statSync(path).ino;
    await disk.replace(path, 'after', ownAccess(), identity);
    expect(content()).toBe('after');
    expect(statSync(path).ino).not.toBe(inode);
  });

  describe('does nothing where there is another file by now', () => {
    test.each<[string, () => void]>([
      ['written in place', () => writeFileSync(path, 'theirs')],
      ['written in place with the same length', () => writeFileSync(path, 'BEFORE')],
      [
        'put in its place',
        () => {
          writeFileSync(directory.file('theirs'), 'theirs');
          renameSync(directory.file('theirs'), path);
        },
      ],
      ['with another access', () => chmodSync(path, 0o400)],
      ['with another time', () => utimesSync(path, 1, 1)],
      ['that is a link', () => symlinkSync('theirs', `${path}2`) ?? renameSync(`${path}2`, path)],
    ])('%s', async (_, change) => {
      writeFileSync(path, 'before');
      const { identity } = await read();
      change();
      const there = await disk.identity(path);
      expect(await disk.replace(path, 'ours', ownAccess(), identity)).toBeUndefined();
      expect(await disk.remove(path, identity)).toBe(false);
      expect(await disk.identity(path)).toBe(there);
      expect(names()).toEqual(['credentials']);
    });

    test('that was not there', async () => {
      writeFileSync(path, 'theirs');
      expect(await disk.replace(path, 'ours', ownAccess(), undefined)).toBeUndefined();
      expect(content()).toBe('theirs');
    });

    test('that is not there any more', async () => {
      expect(await disk.replace(path, 'ours', ownAccess(), 'another')).toBeUndefined();
      expect(names()).toEqual([]);
    });
  });

  test('leaves nothing behind where it fails', async () => {
    mkdirSync(path);
    const identity = await disk.identity(path);
    await expect(disk.replace(path, 'x', ownAccess(), identity)).rejects.toMatchObject({ code: 'EISDIR' });
    expect(names()).toEqual(['credentials']);
  });

  test('gives the identity of what it has written', async () => {
    const identity = await disk.replace(path, 'x', ownAccess(), undefined);
    expect(await disk.identity(path)).toBe(identity);
  });
});

describe('remove', () => {
  test('takes away the file that is expected', async () => {
    writeFileSync(path, 'x');
    expect(await disk.remove(path, (await read()).identity)).toBe(true);
    expect(await disk.identity(path)).toBeUndefined();
  });
});

describe('read', () => {
  test('knows that there is no file', async () => {
    expect(await disk.read(path, trusted)).toBeUndefined();
  });

  test.each<[string, () => void, string]>([
    [
      'a link',
      () => {
        writeFileSync(directory.file('target'), 'theirs');
        symlinkSync('target', path);
      },
      'what is there is a symbolic link, and none is followed or replaced: name the file itself, or remove the link',
    ],
    ['a link to nothing', () => symlinkSync('nothing', path), 'what is there is a symbolic link'],
    ['a directory', () => mkdirSync(path), 'what is there is not a regular file: change the path'],
    ['a pipe', () => execFileSync('mkfifo', [path]), 'what is there is not a regular file: change the path'],
    [
      'a file with two names',
      () => {
        writeFileSync(path, 'x');
        linkSync(path, directory.file('other'));
      },
      'the file has 2 names (hard links), and only one of them would change: remove the others',
    ],
    [
      'a huge file',
      () => writeFileSync(path, Buffer.alloc(1024 * 1024 + 1)),
      'what is there is larger than 1 MiB: change the path',
    ],
  ])('refuses %s', async (_, make, problem) => {
    make();
    await expect(disk.read(path, trusted)).rejects.toThrow(problem);
    await expect(disk.read(path, trusted)).rejects.toBeInstanceOf(SinkProblem);
  });

  test('refuses a socket', async () => {
    const server = createServer().listen(path);
    await new Promise((resolve) => server.once('listening', resolve));
    await expect(disk.read(path, trusted)).rejects.toThrow('what is there is not a regular file');
    server.close();
  });

  test.skipIf(!isRoot)('refuses a file of someone else where every user can make one', async () => {
    chmodSync(directory.path, 0o1777);
    writeFileSync(path, '[default]\ncredential_process = /bin/theirs\n');
    expect((await read()).access.uid).toBe(ownUid);
    chownSync(path, NOBODY, NOBODY);
    await expect(disk.read(path, trusted)).rejects.toThrow(
      `the file belongs to uid ${NOBODY}, in a directory where every user can make one: remove it`,
    );
  });
});

describe('tryOut', () => {
  test('leaves nothing behind', async () => {
    await disk.tryOut(path, ownAccess(), trusted);
    expect(names()).toEqual([]);
  });

  test('sweeps up what a killed writer left, and nothing else', async () => {
    const theirs = [
      '.credentials.rolekeeper-old',
      '.other.rolekeeper-0123456789ab',
      'credentials.rolekeeper-0123456789ab',
    ];
    for (const name of ['.credentials.rolekeeper-0123456789ab', ...theirs])
      writeFileSync(directory.file(name), '');
    await disk.tryOut(path, ownAccess(), trusted);
    expect(names()).toEqual([...theirs].sort());
  });

  test('fails where there is no directory', async () => {
    await expect(disk.tryOut(directory.file('no/file'), ownAccess(), trusted)).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  test.skipIf(isRoot)('fails where the owner cannot be given', async () => {
    await expect(disk.tryOut(path, { ...ownAccess(), uid: 0 }, trusted)).rejects.toMatchObject({
      code: 'EPERM',
    });
    expect(names()).toEqual([]);
  });

  test.skipIf(isRoot)('fails where nothing may be written', async () => {
    chmodSync(directory.path, 0o555);
    await expect(disk.tryOut(path, ownAccess(), trusted)).rejects.toMatchObject({ code: 'EACCES' });
    chmodSync(directory.path, 0o755);
  });
});
