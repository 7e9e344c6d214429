import { describe, expect, test } from 'vitest';
import { formatConfigError } from '../../src/config/config-error.ts';
import { readFileSettings } from '../../src/config/file-settings.ts';

async function errors(text: string): Promise<string[]> {
  return (await readFileSettings('c.toml', text)).errors.map(formatConfigError);
}

test('a good file has a candidate with its place for each of its settings', async () => {
  const { candidates, errors } = await readFileSettings(
    'c.toml',
    '[imds]\nrole = "app"\n[log]\n\nlevel = "warn"',
  );
  expect(errors).toEqual([]);
  expect([...candidates.values()]).toEqual([
    {
      key: 'imds.role',
      place: { source: 'c.toml', line: 2, column: 8 },
      parsed: { ok: true, value: 'app' },
      found: '"app"',
    },
    {
      key: 'log.level',
      place: { source: 'c.toml', line: 5, column: 9 },
      parsed: { ok: true, value: 'warn' },
      found: '"warn"',
    },
  ]);
});

test.each([
  '',
  '[imds]',
  '[imds]\n[policy]\n[agent_socket]\n[imds_endpoint]\n[log]',
  'imds = {}',
  'files = []',
])('%j says nothing and is fine', async (text) => {
  const { candidates, errors } = await readFileSettings('c.toml', text);
  expect([candidates.size, errors]).toEqual([0, []]);
});

describe('a key that is not known is an error with a hint', () => {
  const sections =
    'Remove it; the sections are imds, policy, agent_socket, line_socket, container_endpoint, imds_endpoint, metrics, network, log, files, allow and deny.';
  const notKey = 'is not a key that this version of rolekeeper knows';
  const notEither = 'is not a key or section that this version of rolekeeper knows';
  test.each([
    [
      '[imds]\nchek_interval = "60s"',
      `2:1: imds.chek_interval ${notKey}; found "60s". Did you mean imds.check_interval?`,
    ],
    ['[imds]\nlevel = "info"', `2:1: imds.level ${notKey}; found "info". Did you mean log.level?`],
    [
      '[log]\ncolour = true',
      `2:1: log.colour ${notKey}; found true. Remove it; the keys of [log] are level and format.`,
    ],
    [
      '[imds]\nattempts = 5',
      `2:1: imds.attempts ${notKey}; found 5. Remove it and set the variable ROLEKEEPER_IMDS_ATTEMPTS.`,
    ],
    ['endpoint = "auto"', `1:1: endpoint ${notEither}; found "auto". Did you mean imds.endpoint?`],
    ['\n[lgo]\nlevel = "info"', `2:2: lgo ${notEither}. Did you mean [log]?`],
    [
      '[line_socket]\nx = 1',
      `2:1: line_socket.x ${notKey}; found 1. Remove it; the keys of [line_socket] are enabled, path, mode and group.`,
    ],
    ['[container_endpont]', `1:2: container_endpont ${notEither}. Did you mean [container_endpoint]?`],
    ['[file]', `1:2: file ${notEither}. Did you mean [[files]]?`],
    ['on_change = []', `1:1: on_change ${notEither}; found []. Did you mean files.on_change?`],
    ['path = "/a"', `1:1: path ${notEither}; found "/a". ${sections}`],
    ['enabled = true', `1:1: enabled ${notEither}; found true. ${sections}`],
    ['[[alow]]\nuser = "backup"', `1:3: alow ${notEither}. Did you mean [[allow]]?`],
    ['process_file.enabled = true', `1:1: process_file ${notEither}. ${sections}`],
    ['__proto__ = 1', `1:1: __proto__ ${notEither}; found 1. ${sections}`],
    ['[constructor]\nprototype = 1', `1:2: constructor ${notEither}. ${sections}`],
    [
      '[imds]\n__proto__.endpoint = "auto"',
      `2:1: imds.__proto__ is not a key or section that this version of rolekeeper knows. Remove it; the keys of [imds] are endpoint, connect_timeout, request_timeout, check_interval and role.`,
    ],
    [
      '[log]\ntoString = "x"',
      `2:1: log.toString ${notKey}; found "x". Remove it; the keys of [log] are level and format.`,
    ],
    ['[IMDS]', `1:2: IMDS ${notEither}. ${sections}`],
    ['"" = 1', `1:1: "" ${notEither}; found 1. ${sections}`],
    ['"a\\u001b.b" = 1', `1:1: "a\\u{1b}.b" ${notEither}; found 1. ${sections}`],
    [`x = "${'y'.repeat(100)}"`, `1:1: x ${notEither}; found "${'y'.repeat(58)}…. ${sections}`],
    [
      '[log]\nsecret_access_key = "EXAMPLE"',
      `2:1: log.secret_access_key ${notKey}; found [not shown]. Remove it; the keys of [log] are level and format.`,
    ],
  ])('%j', async (text, error) => {
    expect(await errors(text)).toEqual([`c.toml:${error}`]);
  });
});

describe('a value of another kind is an error', () => {
  const interval = 'imds.check_interval must be a duration from 100ms to 1h, as a string, not as';
  const quote = 'Put the value in double quotes.';
  const single = 'Write one value: check_interval = ….';
  test.each([
    [
      '[line_socket]\nenabled = "true"',
      '2:11: line_socket.enabled must be true or false, as a boolean, not as a string; found "true". Write true or false, without quotes.',
    ],
    [
      '[line_socket]\nenabled = 1',
      '2:11: line_socket.enabled must be true or false, as a boolean, not as an integer; found 1. Write true or false, without quotes.',
    ],
    [
      '[imds_endpoint]\ntokenless_users = "backup"',
      '2:19: imds_endpoint.tokenless_users must be a list of users\' names or numbers, as an array, not as a string; found "backup". Put it in square brackets, each word in double quotes.',
    ],
    [
      '[imds_endpoint]\ntokenless_users = ["backup", 1000]',
      '2:19: imds_endpoint.tokenless_users must be a list of users\' names or numbers, as an array of strings; found ["backup", 1000]. Put each of its elements in double quotes.',
    ],
    ['[imds]\ncheck_interval = 60', `2:18: ${interval} an integer; found 60. ${quote}`],
    [
      '[imds]\ncheck_interval = 99999999999999999999',
      `2:18: ${interval} an integer; found 99999999999999999999. ${quote}`,
    ],
    ['[imds]\ncheck_interval = 1.5', `2:18: ${interval} a float; found 1.5. ${quote}`],
    ['[imds]\ncheck_interval = nan', `2:18: ${interval} a float; found nan. ${quote}`],
    ['[imds]\ncheck_interval = -inf', `2:18: ${interval} a float; found -inf. ${quote}`],
    ['[imds]\ncheck_interval = true', `2:18: ${interval} a boolean; found true. ${quote}`],
    ['[imds]\ncheck_interval = 08:00:00', `2:18: ${interval} a date or time; found 08:00:00. ${quote}`],
    ['[imds]\ncheck_interval = 2026-11-23', `2:18: ${interval} a date or time; found 2026-11-23. ${quote}`],
    ['[imds]\ncheck_interval = ["60s"]', `2:18: ${interval} an array; found ["60s"]. ${single}`],
    ['[imds]\ncheck_interval = { a = 1 }', `2:18: ${interval} a table; found { a = 1 }. ${single}`],
    ['imds = { check_interval = {} }', `1:27: ${interval} a table; found {}. ${single}`],
    ['[imds.check_interval]\nx = 1\ny = 2', `1:2: ${interval} a table; found a section. ${single}`],
    ['[[imds.check_interval]]', `1:3: ${interval} an array of tables; found a section. ${single}`],
    ['[imds]\ncheck_interval.x.y = 1', `2:22: ${interval} a table; found 1. ${single}`],
  ])('%j', async (text, error) => {
    expect(await errors(text)).toEqual([`c.toml:${error}`]);
  });
});

describe('a section that is none is an error', () => {
  const nextStep = 'Write [log] on a line of its own and its keys below.';
  test.each([
    ['log = "debug"', `1:1: log must be a section, not a string; found "debug". ${nextStep}`],
    ['log = []', `1:1: log must be a section, not an array; found []. ${nextStep}`],
    [
      '[[log]]\nlevel = "info"\n[[log]]\nlevel = "warn"',
      `1:3: log must be a section, not an array of tables; found [[log]]. ${nextStep}`,
    ],
  ])('%j', async (text, error) => {
    expect(await errors(text)).toEqual([`c.toml:${error}`]);
  });
});

test('flags, lists and addresses are read as what they are', async () => {
  const text = `[container_endpoint]
enabled = false
[imds_endpoint]
listen = "[::1]:0"
tokenless_users = [ # two
  "backup", '1000',
]`;
  const { candidates, errors } = await readFileSettings('c.toml', text);
  expect(errors).toEqual([]);
  expect([...candidates.values()].map(({ key, parsed }) => [key, parsed])).toEqual([
    ['container_endpoint.enabled', { ok: true, value: false }],
    ['imds_endpoint.listen', { ok: true, value: { host: '::1', port: 0 } }],
    ['imds_endpoint.tokenless_users', { ok: true, value: ['backup', '1000'] }],
  ]);
});

test('everything that is wrong is said at once, in the order of the file', async () => {
  const text = `# first line
role = "app"
[policy]
static_stability = "sometimes"
ready = "now"
[agent_socket]
mode = "0666"
path = "../agent.sock"
group = "a:b"
[log]
level = "loud"
format = "xml"
[imds]
endpoint = "https://169.254.169.254"
connect_timeout = "1ms"
request_timeout = "31s"
check_interval = "2h"
role = "arn:aws:iam::111122223333:role/app"
[files]
`;
  const found = (await readFileSettings('c.toml', text)).errors.map(({ key, line, column }) => [
    key,
    line,
    column,
  ]);
  expect(found).toEqual([
    ['role', 2, 1],
    ['policy.static_stability', 4, 20],
    ['policy.ready', 5, 9],
    ['agent_socket.mode', 7, 8],
    ['agent_socket.path', 8, 8],
    ['agent_socket.group', 9, 9],
    ['log.level', 11, 9],
    ['log.format', 12, 10],
    ['imds.endpoint', 14, 12],
    ['imds.connect_timeout', 15, 19],
    ['imds.request_timeout', 16, 19],
    ['imds.check_interval', 17, 18],
    ['imds.role', 18, 8],
    ['files', 19, 2],
  ]);
});

test('a syntax error stands alone', async () => {
  expect(await errors('nonsense = 1\n[imds]\nrole = app')).toEqual([
    'c.toml:3:8: must be valid TOML: unexpected character; found role = app. Correct it; a setting is one line, KEY = VALUE, with text in double quotes.',
  ]);
});
