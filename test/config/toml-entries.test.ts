import { describe, expect, test } from 'vitest';
import { readToml } from '../../src/config/toml-entries.ts';

async function entries(text: string) {
  const reading = await readToml('c.toml', text);
  if (!reading.ok) throw new Error(reading.error.rule);
  return reading.entries.map(({ path, kind, text, key, value }) => [
    path.join('.'),
    kind,
    text,
    `${key.line}:${key.column}`,
    `${value.line}:${value.column}`,
  ]);
}

async function fault(text: string) {
  const reading = await readToml('c.toml', text);
  if (reading.ok) throw new Error(`Read ${reading.entries.length} entries`);
  const { source, line, column, rule, found } = reading.error;
  expect(source).toBe('c.toml');
  return { at: `${line}:${column}`, rule, found };
}

describe('the same setting is the same entry in every notation', () => {
  test.each([
    ['[imds]\nrole = "app"', '2:1', '2:8'],
    ['imds.role = "app"', '1:1', '1:13'],
    ['imds = { role = "app" }', '1:10', '1:17'],
    ["\n\n['imds'] # here\n\n  \"role\"  =  'app' # there", '5:3', '5:14'],
    ['\ufeff[imds]\r\nrole = "app"\r\n', '2:1', '2:8'],
    ['[imds]\nrole = """app"""', '2:1', '2:8'],
    ['[imds]\nrole = "\\u0061pp"', '2:1', '2:8'],
  ])('%j', async (text, key, value) => {
    expect(await entries(text)).toContainEqual(['imds.role', 'string', 'app', key, value]);
  });
});

test('every kind of value is told apart', async () => {
  const text = [
    's = "x"',
    'i = 0x1F',
    'big = 99999999999999999999999',
    'f = 1.5',
    'n = nan',
    'inf = -inf',
    'b = true',
    'd = 2026-11-23',
    't = 08:00:00',
    'o = 2026-11-23T08:00:00Z',
    'a = [1, [2]]',
    't2 = {}',
    '[t3]',
    '[[t4]]',
    '[[t4]]',
  ].join('\n');
  expect((await entries(text)).map(([path, kind, written]) => [path, kind, written])).toEqual([
    ['s', 'string', 'x'],
    ['i', 'integer', '0x1F'],
    ['big', 'integer', '99999999999999999999999'],
    ['f', 'float', '1.5'],
    ['n', 'float', 'nan'],
    ['inf', 'float', '-inf'],
    ['b', 'boolean', 'true'],
    ['d', 'date or time', '2026-11-23'],
    ['t', 'date or time', '08:00:00'],
    ['o', 'date or time', '2026-11-23T08:00:00Z'],
    ['a', 'array', '[1, [2]]'],
    ['t2', 'table', '{}'],
    ['t3', 'table', ''],
    ['t4', 'array of tables', ''],
    ['t4', 'array of tables', ''],
  ]);
});

test('names of Object.prototype are names like any other', async () => {
  const text = '__proto__ = 1\n[constructor]\ntoString = 2\n[imds.__proto__]\nhasOwnProperty = 3\n';
  expect((await entries(text)).map(([path]) => path)).toEqual([
    '__proto__',
    'constructor',
    'constructor.toString',
    'imds.__proto__',
    'imds.__proto__.hasOwnProperty',
  ]);
  expect(Object.hasOwn(Object.prototype, 'hasOwnProperty.hasOwnProperty')).toBe(false);
});

test.each(['', '\n', '# nothing\r\n', '\ufeff'])('%j says nothing', async (text) => {
  expect(await entries(text)).toEqual([]);
});

describe('text that is no TOML 1.0 is one error with its place', () => {
  test.each([
    ['key without a value', '[imds]\nrole =\nendpoint = "auto"\n', '2:7', 'role ='],
    [
      'key without a value, then a remark',
      '[imds]\nrole = # later\n\n  endpoint = "auto"\n',
      '2:15',
      'role = # later',
    ],
    ['key without a value at the end', '[imds]\r\nrole =\r\n\r\n', '2:7', 'role ='],
    ['key alone', '[imds]\nrole\nendpoint = "auto"\n', '2:5', 'role'],
    ['text without quotes', '[imds]\n\nrole = app # x', '3:8', 'role = app # x'],
    ['text without end', '[imds]\nrole = "app\nmode = 1', '2:12', 'role = "app'],
    ['octal number', '[agent_socket]\nmode = 0660', '2:8', 'mode = 0660'],
    ['two settings in a line', 'a = 1 b = 2', '1:7', 'a = 1 b = 2'],
    ['key given twice', '[imds]\nrole = "a"\n\nrole = "b"\n', '4:1', 'role = "b"'],
    ['key given twice in two notations', 'imds.role = "a"\n[imds]\nrole = "b"', '2:2', '[imds]'],
    ['section given twice', '[imds]\n[log]\n[imds]\n', '3:2', '[imds]'],
    ['__proto__ given twice', '__proto__ = 1\n__proto__ = 2', '2:1', '__proto__ = 2'],
    ['section and array of the same name', '[imds]\n[[imds]]', '2:3', '[[imds]]'],
    ['NUL', '[imds]\nrole = "a\0b"', '2:10', 'role = "a\\u{0}b"'],
    ['NUL outside of text', '\0', '1:1', '\\u{0}'],
    ['old line ends', 'a = 1\rb = 2', '1:7', 'a = 1\\u{d}b = 2'],
    ['date that does not exist', 'a = 2026-02-30', '1:14', 'a = 2026-02-30'],
    ['half a surrogate', 'a = "\\ud800"', '1:11', 'a = "\\ud800"'],
    ['YAML', 'imds:\n  role: app\n', '1:5', 'imds:'],
    ['JSON', '{"imds": {}}', '1:1', '{"imds": {}}'],
    ['array without end', 'a = [1,\n', '2:1', ''],
    ['line feed within an inline table', 'imds = { role = "a",\n}', '2:1', '}'],
  ])('%s', async (_, text, at, found) => {
    expect(await fault(text)).toEqual({
      at,
      found,
      rule: expect.stringMatching(/^must be valid TOML: [a-z]/),
    });
  });

  test('also where the fault follows a megabyte of lines', async () => {
    expect((await fault(`${'\n'.repeat(1_000_000)}x = y`)).at).toBe('1000001:5');
  });

  test('a line that looks like a secret is not shown', async () => {
    expect((await fault('secret_access_key = EXAMPLE')).found).toBe('[not shown]');
  });
});

describe('what the parser cannot hold is an error, not a crash', () => {
  test.each([
    ['deep inline tables', `a = ${'{a='.repeat(20_000)}1${'}'.repeat(20_000)}`],
    ['deep arrays', `a = ${'['.repeat(200_000)}`],
    ['an endless text', `a = "${'x'.repeat(1_000_000)}"`],
  ])('%s', async (_, text) => {
    expect((await fault(text)).rule).toMatch(/^must be (valid )?TOML/);
  });

  test.each([
    ['deep keys', `a${'.a'.repeat(20_000)} = 1`],
    ['many keys', Array.from({ length: 20_000 }, (_, index) => `k${index} = 1`).join('\n')],
    ['remarks only', '# x\n'.repeat(100_000)],
  ])('%s are read', async (_, text) => {
    expect((await readToml('c.toml', text)).ok).toBe(true);
  });
});
