import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatConfigError } from '../../src/config/config-error.ts';
import { DEFAULT_CONFIG_PATH, loadSettings } from '../../src/config/load.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolekeeper-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

const MEBIBYTE = 1024 * 1024;

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

async function load(configPath: string | undefined, defaultPath = join(directory, 'missing.toml')) {
  return loadSettings({ configPath, defaultPath, env: {}, flags: {} });
}

async function errors(configPath: string): Promise<string[]> {
  const result = await load(configPath);
  return result.ok ? [] : result.errors.map(formatConfigError);
}

test('the default path is the documented one', () => {
  expect(DEFAULT_CONFIG_PATH).toBe('/etc/rolekeeper/config.toml');
});

test('the file that is named is read, and its lines are the origins', async () => {
  const path = file('good.toml', '[imds]\nrole = "app"\n');
  const result = await load(path);
  expect(result).toMatchObject({
    ok: true,
    settings: { imds: { role: 'app' } },
    origins: { 'imds.role': `${path}:2` },
  });
});

test('the file at the default path is read when none is named', async () => {
  const path = file('default.toml', '[imds]\nrole = "app"\n');
  expect(await load(undefined, path)).toMatchObject({ ok: true, settings: { imds: { role: 'app' } } });
});

test('no file at the default path is as good as an empty one', async () => {
  const nothing = await load(undefined);
  expect(nothing.ok).toBe(true);
  expect(await load(undefined, join(directory, 'no', 'directory'))).toEqual(nothing);
  expect(await load('/dev/null')).toEqual(nothing);
});

test('a broken file at the default path is an error', async () => {
  expect((await load(undefined, directory)).ok).toBe(false);
  expect(await load(undefined, file('broken.toml', 'x')).then(({ ok }) => ok)).toBe(false);
});

test('errors of the environment are told beside a file that cannot be read', async () => {
  const env = { ROLEKEEPER_LOG_LEVEL: 'loud' };
  const result = await loadSettings({ configPath: join(directory, 'missing.toml'), env, flags: {} });
  expect(result.ok ? [] : result.errors.map(({ source }) => source)).toEqual([
    join(directory, 'missing.toml'),
    'ROLEKEEPER_LOG_LEVEL',
  ]);
});

describe('a file that cannot be read is one error with the next step', () => {
  test('missing', async () => {
    const path = join(directory, 'missing.toml');
    expect(await errors(path)).toEqual([
      `${path}: does not exist. Correct --config, or leave it out to run with the defaults.`,
    ]);
    expect(await errors('')).toEqual([
      '--config: does not exist. Correct --config, or leave it out to run with the defaults.',
    ]);
  });

  test('a directory', async () => {
    expect(await errors(directory)).toEqual([
      `${directory}: is not a regular file. Name the file itself in --config.`,
    ]);
  });

  test('a named pipe that nobody writes to', async () => {
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    expect(await errors(path)).toEqual([`${path}: is not a regular file. Name the file itself in --config.`]);
  });

  test('one byte more than 1 MiB', async () => {
    expect(await errors(file('full.toml', '#'.repeat(MEBIBYTE)))).toEqual([]);
    const path = file('large.toml', '#'.repeat(MEBIBYTE + 1));
    expect(await errors(path)).toEqual([
      `${path}: is larger than 1 MiB. Name rolekeeper's own configuration in --config.`,
    ]);
    expect(await errors('/dev/zero')).toHaveLength(1);
  });

  test('not UTF-8', async () => {
    const path = file('latin1.toml', Buffer.from('[imds]\nrole = "r\xf4le"\n', 'latin1'));
    expect(await errors(path)).toEqual([`${path}: is not UTF-8 text. Save it as UTF-8.`]);
    expect(await errors(file('utf16.toml', Buffer.from('\ufeff[imds]\n', 'utf16le')))).toHaveLength(1);
  });

  test('a link to itself', async () => {
    const path = join(directory, 'loop');
    symlinkSync(path, path);
    expect(await errors(path)).toEqual([
      `${path}: cannot be read: ELOOP. Look at the file and the directories above it.`,
    ]);
  });

  test('a path that no system takes', async () => {
    expect(await errors('/a\0b')).toEqual([
      expect.stringContaining('/a\\u{0}b: cannot be read: ERR_INVALID_ARG_VALUE'),
    ]);
  });

  test.skipIf(process.getuid?.() === 0)('without permission', async () => {
    const path = file('private.toml', '');
    chmodSync(path, 0);
    expect(await errors(path)).toEqual([
      `${path}: may not be read by this user. Give this user read permission, on its directories too.`,
    ]);
  });
});

test('a byte order mark and line ends of Windows change no line number', async () => {
  const path = file('windows.toml', '\ufeff[imds]\r\n\r\nrole = "a b"\r\n');
  expect(await errors(path)).toEqual([expect.stringContaining(`${path}:3:8: imds.role must be`)]);
});

test('a file that is removed with its directory is as missing', async () => {
  const path = join(directory, 'gone');
  mkdirSync(path);
  rmSync(path, { recursive: true });
  expect(await errors(join(path, 'c.toml'))).toHaveLength(1);
});
