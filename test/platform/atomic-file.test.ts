import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { replaceFile, sweepTemporaries } from '../../src/platform/atomic-file.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { repository, run, startChild } from '../support/child.ts';
import { isRoot, NOBODY, nobodyMayRun } from '../support/machine.ts';
import { settle } from '../support/manual-clock.ts';
import { mayMount, mountOnly, onTinyFileSystem } from './tiny-file-system.ts';

const OLD = 'a'.repeat(100_000);
const NEW = 'b'.repeat(80_000);
const GROUP = 12_345;
const asNobody = nobodyMayRun(process.execPath);
const rootOnly = isRoot ? '' : ' (skipped: only root may do this)';
const nobodyOnly = asNobody ? '' : ' (skipped: this needs root, and a checkout that others may enter)';

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'file.json');
});
afterEach(() => directory[Symbol.dispose]());

const names = () => readdirSync(directory.path);
const modeOf = (file: string) => (statSync(file).mode & 0o7777).toString(8);

/** Code that knows `replaceFile`, `path` and `directory`, for a process of its own. */
function script(code: string): readonly string[] {
  const source = `
    import fs from 'node:fs';
    import { replaceFile } from ${JSON.stringify(`${repository}src/platform/atomic-file.ts`)};
    const [path, directory] = process.argv.slice(1);
    function attempt(content, options) {
      try { replaceFile(path, content, options); return 'replaced'; } catch (error) { return error.code; }
    }
    ${code}`;
  return [process.execPath, '--input-type=module', '-e', source, path, directory.path];
}

describe('Readers at the same time', () => {
  test('see the old content or the new, whole, through a thousand replacements; so do those of the mode', async () => {
    replaceFile(path, OLD, { mode: 0o640 });
    const writer = startChild(
      script(`
        process.umask(0);
        for (let n = 0; n < 1000; n++) replaceFile(path, (n % 2 ? 'a' : 'b').repeat(n % 2 ? 100_000 : 80_000), { mode: 0o640 });
      `),
    );
    let isRunning = true;
    const ended = writer.ended.finally(() => {
      isRunning = false;
    });
    const seen = new Set<string>();
    while (isRunning) {
      for (let read = 0; read < 50; read++) {
        const content = readFileSync(path, 'latin1');
        seen.add(content === OLD ? 'old' : content === NEW ? 'new' : `${content.length} bytes`);
        for (const name of names()) seen.add(`mode ${modeOfWritten(join(directory.path, name))}`);
      }
      await settle();
    }
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    seen.delete('mode undefined');
    expect([...seen].toSorted()).toEqual(['mode 640', 'new', 'old']);
    expect(names()).toEqual(['file.json']);
  }, 60_000);

  /** Of a file that has content; the temporary one may be gone by now. */
  function modeOfWritten(file: string): string | undefined {
    const stats = lstatSync(file, { throwIfNoEntry: false });
    return stats === undefined || stats.size === 0 ? undefined : (stats.mode & 0o7777).toString(8);
  }
});

describe('Mode and group', () => {
  test.each([0o000, 0o022, 0o077, 0o777])('are as asked for under umask %i', (umask) => {
    const before = process.umask(umask);
    onTestFinished(() => {
      process.umask(before);
    });
    for (const mode of [0o600, 0o640, 0o644]) {
      replaceFile(path, 'content', { mode });
      expect(modeOf(path)).toBe(mode.toString(8));
    }
  });

  test('are not those of the file that was there', () => {
    writeFileSync(path, 'old', { mode: 0o666 });
    replaceFile(path, 'new', { mode: 0o600 });
    expect(modeOf(path)).toBe('600');
  });

  test.skipIf(!isRoot)(`the group is the given one${rootOnly}`, () => {
    replaceFile(path, 'content', { mode: 0o640, gid: GROUP });
    expect(statSync(path)).toMatchObject({ uid: 0, gid: GROUP });
    expect(modeOf(path)).toBe('640');
    replaceFile(path, 'content', { mode: 0o640 });
    expect(statSync(path).gid).toBe(process.getgid?.());
  });
});

describe('What stands at the path', () => {
  test.each([
    ['a symlink to a file', 'target'],
    ['a symlink to nothing', 'missing'],
  ])('%s is replaced, and its target left alone', (_, target) => {
    writeFileSync(join(directory.path, 'target'), 'untouched');
    symlinkSync(target, path);
    replaceFile(path, 'new', { mode: 0o600 });
    expect(lstatSync(path).isFile()).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readFileSync(join(directory.path, 'target'), 'utf8')).toBe('untouched');
    expect(names()).toEqual(['file.json', 'target']);
  });

  test('one of two names of a file is replaced, and the other keeps the old content', () => {
    writeFileSync(path, 'old');
    linkSync(path, join(directory.path, 'other'));
    replaceFile(path, 'new', { mode: 0o600 });
    expect(readFileSync(join(directory.path, 'other'), 'utf8')).toBe('old');
  });

  test('bytes are written as they are, and none is fine', () => {
    const bytes = Buffer.from([0, 255, 10, 0]);
    replaceFile(path, bytes, { mode: 0o600 });
    expect(readFileSync(path)).toEqual(bytes);
    replaceFile(path, '', { mode: 0o600 });
    expect(readFileSync(path, 'utf8')).toBe('');
  });
});

describe('A replacement that fails leaves the old content and no temporary file', () => {
  test('where there is no such directory', () => {
    const missing = join(directory.path, 'missing', 'file');
    expect(() => replaceFile(missing, 'new', { mode: 0o600 })).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
    expect(names()).toEqual([]);
  });

  test('where a directory stands at the path', () => {
    mkdirSync(path);
    expect(() => replaceFile(path, 'new', { mode: 0o600 })).toThrow(
      expect.objectContaining({ code: 'EISDIR' }),
    );
    expect(names()).toEqual(['file.json']);
  });

  test.skipIf(!asNobody)(`where the directory may not be written to${nobodyOnly}`, async () => {
    writeFileSync(path, 'old');
    const code = `process.stdout.write(attempt('new', { mode: 0o600 }));`;
    expect(await run(script(code), { uid: NOBODY })).toMatchObject({ stdout: 'EACCES', stderr: '' });
    expectOld();
  });

  test.skipIf(!asNobody)(`where the group may not be given${nobodyOnly}`, async () => {
    writeFileSync(path, 'old');
    const code = `
      fs.chownSync(directory, ${NOBODY}, ${NOBODY});
      process.setgroups([]); process.setegid(${NOBODY}); process.seteuid(${NOBODY});
      process.stdout.write(attempt('new', { mode: 0o640, gid: ${GROUP} }));`;
    expect(await run(script(code))).toMatchObject({ stdout: 'EPERM', stderr: '' });
    expectOld();
  });

  test.skipIf(!mayMount)(`where there is no room${mountOnly}`, async () => {
    const code = `
      import fs from 'node:fs';
      import { replaceFile } from 'src/platform/atomic-file.ts';
      const [, directory] = process.argv;
      const path = directory + '/file.json';
      replaceFile(path, 'old', { mode: 0o600 });
      try { replaceFile(path, 'b'.repeat(200_000), { mode: 0o600 }); } catch (error) { console.log(error.code); }
      console.log(fs.readFileSync(path, 'utf8'), ...fs.readdirSync(directory));
      replaceFile(path, 'new', { mode: 0o600 });
      console.log(fs.readFileSync(path, 'utf8'), ...fs.readdirSync(directory));`;
    const { stdout, stderr } = await onTinyFileSystem(directory.path, code);
    expect({ stdout, stderr }).toEqual({
      stdout: 'ENOSPC\nold file.json\nnew file.json\n',
      stderr: '',
    });
  });

  function expectOld(): void {
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(names()).toEqual(['file.json']);
  }
});

test('what killed writers left of this file is swept, and nothing else', () => {
  const swept = ['.file.json.tmp-0123456789ab', '.file.json.tmp-ffffffffffff'];
  const kept = [
    '.file.json.bak.tmp-0123456789ab',
    '.file.json.tmp-',
    '.file.json.tmp-0123456789ab.orig',
    '.file.json.tmp-notes',
    '.other.json.tmp-0123456789ab',
    'file.json',
    'file.json.tmp-0123456789ab',
  ];
  for (const name of [...swept, ...kept]) writeFileSync(join(directory.path, name), name);
  symlinkSync('file.json', join(directory.path, '.file.json.tmp-abcdefabcdef'));
  sweepTemporaries(path);
  expect(names()).toEqual(kept);
  expect(readFileSync(path, 'utf8')).toBe('file.json');
});
