import { describe, expect, test } from 'vitest';
import { formatConfigError } from '../../src/config/config-error.ts';
import { readFileSettings } from '../../src/config/file-settings.ts';

async function read(text: string) {
  const { sinks, errors } = await readFileSettings('c.toml', text);
  return { sinks, errors: errors.map(formatConfigError) };
}

const ENV = 'format = "env"\npath = "/run/app/env"';

describe('the same file is written in every notation', () => {
  test.each([
    `[[files]]\n${ENV}`,
    `[[ "files" ]] # one\n\n${ENV.replace('\n', '\r\n')}`,
    `[log]\nlevel = "info"\n[[files]]\n${ENV}\n[imds]\nrole = "x"`,
  ])('%j', async (text) => {
    const { sinks, errors } = await read(text);
    expect(errors).toEqual([]);
    expect(sinks.map(({ settings }) => settings)).toMatchObject([{ format: 'env', path: '/run/app/env' }]);
  });
});

test('what is not given is at its default, and says so', async () => {
  const [sink] = (await read(`[[files]]\n${ENV}\nmode = "0600"`)).sinks;
  expect(sink?.settings).toEqual({
    format: 'env',
    path: '/run/app/env',
    profile: 'default',
    mode: 0o600,
    owner: '',
    group: 'rolekeeper',
    onChange: [],
    onChangeTimeout: 30_000,
    atWithdrawal: 'remove',
    atStop: 'keep',
  });
  expect(sink?.origins).toMatchObject({ format: 'c.toml:2', mode: 'c.toml:4', owner: 'default' });
});

test('there may be many, and their order is kept', async () => {
  const text = [1, 2, 3].map((n) => `[[files]]\nformat = "env"\npath = "/run/${n}"\n`).join('');
  expect((await read(text)).sinks.map(({ settings }) => settings.path)).toEqual([
    '/run/1',
    '/run/2',
    '/run/3',
  ]);
});

describe('what does not fit is an error with its place', () => {
  const keys =
    'Remove it; the keys of [[files]] are format, path, profile, mode, owner, group, on_change, on_change_timeout, at_withdrawal and at_stop.';
  const notKey = 'is not a key that this version of rolekeeper knows';
  test.each([
    [
      '[[files]]\npath = "/run/x"',
      '1:3: files.format is missing: it must be shared-credentials, credential-process or env. Write it below this [[files]], such as format = "shared-credentials".',
    ],
    [
      '[[files]]\nformat = "env"',
      '1:3: files.path is missing: it must be the absolute path of a file. Write it below this [[files]], such as path = "/run/rolekeeper/credentials".',
    ],
    [
      `[[files]]\n${ENV}\nprofile = "app"`,
      '4:11: files.profile is for shared-credentials only, and the format of this file is env; found "app". Remove it.',
    ],
    [
      `[[files]]\n${ENV}\n[[files]]\nformat = "credential-process"\npath = "/run//app/env"`,
      '6:8: files.path must be another file for each [[files]]; c.toml:3 writes this one already; found "/run//app/env". Write another path, or remove one of the two.',
    ],
    [
      `[[files]]\n${ENV}\non_chnage = ["x"]`,
      `4:1: files.on_chnage ${notKey}; found ["x"]. Did you mean files.on_change?`,
    ],
    [`[[files]]\n${ENV}\nlevel = "x"`, `4:1: files.level ${notKey}; found "x". Did you mean log.level?`],
    [
      `[[files]]\n${ENV}\nx.y = 1`,
      `4:1: files.x is not a key or section that this version of rolekeeper knows. ${keys}`,
    ],
    [
      `[[files]]\n${ENV}\n[files.mode]\nx = 1`,
      '4:2: files.mode must be four octal digits, the first and the last of them 0, such as 0640, as a string, not as a table; found a section. Write one value: mode = ….',
    ],
    [
      `[[files]]\n${ENV}\non_change = "systemctl reload x"`,
      '4:13: files.on_change must be a command and its arguments: no shell reads it, as an array, not as a string; found "systemctl reload x". Put it in square brackets, each word in double quotes.',
    ],
    [
      `[[files]]\n${ENV}\non_change = ["systemctl reload x"]`,
      '4:13: files.on_change must be a command and its arguments: no shell reads it; found ["systemctl reload x"]. Write each word by itself: ["systemctl", "reload", "x"].',
    ],
    [
      `[[files]]\n${ENV}\nmode = "0644"`,
      '4:8: files.mode must not give anything to others (its last digit must be 0): whoever can read the file gets the credentials; found "0644". Write 0640, and let consumers in through the group.',
    ],
    [
      '[files]\npath = "/x"',
      '1:2: files must be sections, one for each file, not a table; found [files]. Write [[files]] on a line of its own above the keys of each.',
    ],
    [
      'files = ["/x"]',
      '1:1: files must be sections, one for each file, not an array; found ["/x"]. Write [[files]] on a line of its own above the keys of each.',
    ],
    [
      'files.path = "/x"',
      '1:1: files must be sections, one for each file, not a table; found "/x". Write [[files]] on a line of its own above the keys of each.',
    ],
    [
      '[[files.path]]',
      '1:3: files must be sections, one for each file, not a table; found [files]. Write [[files]] on a line of its own above the keys of each.',
    ],
  ])('%j', async (text, error) => {
    expect(await read(text)).toEqual({ sinks: [], errors: [`c.toml:${error}`] });
  });
});

test('every section has its own errors, in the order of the file', async () => {
  const { errors } = await read(
    `[[files]]\nmode = "0644"\n[lgo]\n[[files]]\nformat = "ini"\npath = "x"\nat_stop = "delete"\n[log]\nlevel = "x"`,
  );
  expect(errors.map((error) => error.split(' ', 2).join(' '))).toEqual([
    'c.toml:1:3: files.format',
    'c.toml:1:3: files.path',
    'c.toml:2:8: files.mode',
    'c.toml:3:2: lgo',
    'c.toml:5:10: files.format',
    'c.toml:6:8: files.path',
    'c.toml:7:11: files.at_stop',
    'c.toml:9:9: log.level',
  ]);
});

test('names of Object.prototype are names like any other', async () => {
  const { errors } = await read(`[[files]]\n${ENV}\n__proto__.mode = "0600"\ntoString = 1`);
  expect(errors.map((error) => error.split(' ', 2).join(' '))).toEqual([
    'c.toml:4:1: files.__proto__',
    'c.toml:5:1: files.toString',
  ]);
});
