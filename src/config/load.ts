import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { ConfigError } from './config-error.ts';
import { type ConfigInput, type ConfigResult, resolveSettings } from './resolve.ts';

export const DEFAULT_CONFIG_PATH = '/etc/rolekeeper/config.toml';

const LARGEST_FILE = 1024 * 1024;

export interface LoadInput extends Omit<ConfigInput, 'file'> {
  /** What `--config` was given: that file has to exist. Undefined: the default path, where no file is as good as one. */
  readonly configPath?: string | undefined;
  readonly defaultPath?: string;
}

/** Reads the file and resolves the settings. Never rejects. */
export async function loadSettings(input: LoadInput): Promise<ConfigResult> {
  const { configPath, defaultPath = DEFAULT_CONFIG_PATH, env, flags } = input;
  const path = configPath ?? defaultPath;
  const reading = readConfigFile(path);
  if (reading.ok) return resolveSettings({ file: { path, text: reading.text }, env, flags });
  if (reading.code === 'ENOENT' && configPath === undefined) return resolveSettings({ env, flags });
  const others = await resolveSettings({ env, flags });
  return { ok: false, errors: [unreadable(path, reading), ...(others.ok ? [] : others.errors)] };
}

type FileReading =
  | { readonly ok: true; readonly text: string }
  | {
      readonly ok: false;
      /** The system's, such as ENOENT, or one of `not-a-file`, `too-large` and `not-text`. */
      readonly code: string;
    };

function readConfigFile(path: string): FileReading {
  let fd: number | undefined;
  try {
    // Without O_NONBLOCK, opening a named pipe waits for its writer for ever.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(fd);
    // Character devices for /dev/null, the usual way to say "no file".
    if (!stats.isFile() && !stats.isCharacterDevice()) return { ok: false, code: 'not-a-file' };
    const bytes = readUpTo(fd, LARGEST_FILE + 1);
    if (bytes.length > LARGEST_FILE) return { ok: false, code: 'too-large' };
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof TypeError && fd !== undefined) return { ok: false, code: 'not-text' };
    return { ok: false, code: error instanceof Error && 'code' in error ? String(error.code) : 'unknown' };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function readUpTo(fd: number, most: number): Buffer {
  const buffer = Buffer.alloc(most);
  let length = 0;
  for (;;) {
    const count = readSync(fd, buffer, length, most - length, null);
    length += count;
    if (count === 0 || length === most) return buffer.subarray(0, length);
  }
}

function unreadable(source: string, { code }: { code: string }): ConfigError {
  const [rule, nextStep] = explanations.get(code) ?? [
    `cannot be read: ${code}`,
    'Look at the file and the directories above it.',
  ];
  return { source: source === '' ? '--config' : source, key: undefined, rule, found: undefined, nextStep };
}

const explanations: ReadonlyMap<string, readonly [rule: string, nextStep: string]> = new Map([
  ['ENOENT', ['does not exist', 'Correct --config, or leave it out to run with the defaults.']],
  ['EACCES', ['may not be read by this user', 'Give this user read permission, on its directories too.']],
  ['not-a-file', ['is not a regular file', 'Name the file itself in --config.']],
  ['too-large', ['is larger than 1 MiB', "Name rolekeeper's own configuration in --config."]],
  ['not-text', ['is not UTF-8 text', 'Save it as UTF-8.']],
]);
