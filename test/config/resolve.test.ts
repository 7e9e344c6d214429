import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatConfigError } from '../../src/config/config-error.ts';
import { fileSinkSettings } from '../../src/config/file-sink-settings.ts';
import { type ConfigInput, resolveSettings } from '../../src/config/resolve.ts';
import { allSettings, type SettingKey } from '../../src/config/settings.ts';

type Given = { text?: string; env?: ConfigInput['env']; flags?: ConfigInput['flags'] };

function resolve({ text, env = {}, flags = {} }: Given) {
  return resolveSettings({ file: text === undefined ? undefined : { path: '/c.toml', text }, env, flags });
}

async function settled(given: Given) {
  const result = await resolve(given);
  if (!result.ok) throw new Error(result.errors.map(formatConfigError).join('\n'));
  return result;
}

async function errors(given: Given): Promise<string[]> {
  const result = await resolve(given);
  if (result.ok) throw new Error('Accepted');
  return result.errors.map(formatConfigError);
}

test('nothing given is the documented defaults', async () => {
  const { settings, origins } = await settled({});
  expect(settings).toEqual({
    imds: {
      endpoint: 'auto',
      connectTimeout: 1_000,
      requestTimeout: 2_000,
      checkInterval: 60_000,
      role: '',
      attempts: 3,
    },
    policy: { staticStability: 'imds', ready: 'credentials' },
    agentSocket: { path: 'agent.sock', mode: 0o660, group: 'rolekeeper' },
    lineSocket: { enabled: false, path: 'credentials.sock', mode: 0o660, group: 'rolekeeper' },
    containerEndpoint: { enabled: true, listen: { host: '127.0.0.1', port: 9911 }, authorize: 'token' },
    imdsEndpoint: { enabled: false, listen: { host: '127.0.0.1', port: 9912 }, tokenlessUsers: [] },
    metrics: { listen: undefined },
    network: { lockdown: true, agentUser: 'rolekeeper', redirectUsers: [], containers: 'refuse' },
    log: { level: 'info', format: 'auto' },
    files: [],
    rules: [],
  });
  expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
  expect(Object.keys(origins)).toEqual(allSettings.map(({ key }) => key));
});

describe('precedence: flag, own variable, variable of AWS, file, default', () => {
  const text = '[imds]\n\nrole = "from-file"';
  const aws = { AWS_EC2_INSTANCE_PROFILE_NAME: 'from-aws' };
  const own = { ROLEKEEPER_IMDS_ROLE: 'from-variable' };
  const flags = { 'imds.role': 'from-flag' };
  test.each<[string, string, Given]>([
    ['from-flag', '--imds-role', { text, env: { ...aws, ...own }, flags }],
    ['from-variable', 'ROLEKEEPER_IMDS_ROLE', { text, env: { ...aws, ...own } }],
    ['from-aws', 'AWS_EC2_INSTANCE_PROFILE_NAME', { text, env: aws }],
    ['from-file', '/c.toml:3', { text }],
    ['', 'default', {}],
    ['', '--imds-role', { text, env: { ...aws, ...own }, flags: { 'imds.role': '' } }],
    [
      'from-file',
      '/c.toml:3',
      { text, env: { AWS_EC2_INSTANCE_PROFILE_NAME: '', ROLEKEEPER_IMDS_ROLE: '' } },
    ],
    [
      'from-file',
      '/c.toml:3',
      { text, env: { ROLEKEEPER_IMDS_ROLE: undefined }, flags: { 'imds.role': undefined } },
    ],
  ])('%j by %s', async (role, origin, given) => {
    const { settings, origins } = await settled(given);
    expect([settings.imds.role, origins['imds.role']]).toEqual([role, origin]);
  });
});

describe("AWS's own variables", () => {
  const endpoint = { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1338/' };
  const mode = { AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv6' };
  test.each<[string, string, Given]>([
    ['http://127.0.0.1:1338', 'AWS_EC2_METADATA_SERVICE_ENDPOINT', { env: endpoint }],
    ['http://127.0.0.1:1338', 'AWS_EC2_METADATA_SERVICE_ENDPOINT', { env: { ...mode, ...endpoint } }],
    ['ipv6', 'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE', { env: mode, text: 'imds.endpoint = "ipv4"' }],
    ['ipv4', 'ROLEKEEPER_IMDS_ENDPOINT', { env: { ...mode, ...endpoint, ROLEKEEPER_IMDS_ENDPOINT: 'ipv4' } }],
    ['auto', '--imds-endpoint', { env: { ...mode, ...endpoint }, flags: { 'imds.endpoint': 'auto' } }],
  ])('the endpoint is %s by %s', async (value, origin, given) => {
    const { settings, origins } = await settled(given);
    expect([settings.imds.endpoint, origins['imds.endpoint']]).toEqual([value, origin]);
  });

  test('timeout and attempts', async () => {
    const env = { AWS_METADATA_SERVICE_TIMEOUT: '5', AWS_METADATA_SERVICE_NUM_ATTEMPTS: '1' };
    const { settings, origins } = await settled({ env });
    expect(settings.imds).toMatchObject({ requestTimeout: 5_000, connectTimeout: 1_000, attempts: 1 });
    expect(origins).toMatchObject({
      'imds.request_timeout': 'AWS_METADATA_SERVICE_TIMEOUT',
      'imds.connect_timeout': 'default',
      'imds.attempts': 'AWS_METADATA_SERVICE_NUM_ATTEMPTS',
    });
  });

  test('AWS_EC2_METADATA_DISABLED changes nothing: it is for the SDKs', async () => {
    expect(await settled({ env: { AWS_EC2_METADATA_DISABLED: 'true' } })).toEqual(await settled({}));
  });

  test.each([
    ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'auto', 'imds.endpoint must be http://HOST[:PORT]'],
    ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'http://h/latest', 'imds.endpoint must not have a path'],
    ['AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE', 'auto', 'imds.endpoint must be IPv4 or IPv6'],
    ['AWS_METADATA_SERVICE_TIMEOUT', '2s', 'imds.request_timeout must be a number of seconds'],
    ['AWS_METADATA_SERVICE_TIMEOUT', '60', 'imds.request_timeout must be a number of seconds'],
    ['AWS_METADATA_SERVICE_NUM_ATTEMPTS', '0', 'imds.attempts must be a whole number from 1 to 10'],
    ['AWS_METADATA_SERVICE_NUM_ATTEMPTS', '2.5', 'imds.attempts must be a whole number from 1 to 10'],
    ['AWS_EC2_INSTANCE_PROFILE_NAME', 'a/b', 'imds.role must be the name of an IAM role'],
  ])('%s=%s is refused', async (name, value, error) => {
    const found = await errors({ env: { [name]: value } });
    expect(found).toEqual([expect.stringContaining(`${name}: ${error}`)]);
    expect(found).toEqual([expect.stringContaining(`; found "${value}". `)]);
  });
});

describe('a bad value', () => {
  test('in the file counts, also where it is overridden', async () => {
    expect(
      await errors({
        text: '[log]\nlevel = "loud"',
        env: { ROLEKEEPER_LOG_LEVEL: 'info' },
        flags: { 'log.level': 'warn' },
      }),
    ).toEqual([expect.stringMatching(/^\/c\.toml:2:9: log\.level must be error, /)]);
  });

  test('in a variable counts only where it would be used', async () => {
    const env = { ROLEKEEPER_IMDS_ENDPOINT: 'nowhere', AWS_EC2_METADATA_SERVICE_ENDPOINT: 'https://h' };
    expect((await settled({ env, flags: { 'imds.endpoint': 'auto' } })).settings.imds.endpoint).toBe('auto');
    expect(await errors({ env, text: 'imds.endpoint = "ipv4"' })).toEqual([
      'ROLEKEEPER_IMDS_ENDPOINT: imds.endpoint must be auto, ipv4, ipv6 or http://HOST[:PORT]; found "nowhere". Write one of these.',
    ]);
  });

  test('of a flag counts, and is named by the flag', async () => {
    expect(await errors({ flags: { 'agent_socket.mode': '0777', 'imds.check_interval': '' } })).toEqual([
      '--imds-check-interval: imds.check_interval must be a duration from 100ms to 1h; found "". Write one number and one unit (ms, s, m or h) without a space, such as 90s.',
      expect.stringMatching(/^--agent-socket-mode: agent_socket\.mode must not give anything to others/),
    ]);
  });

  test('does not hide another one: all places are reported at once', async () => {
    const found = await errors({
      text: '[imds]\nrole = "a b"\n[nothing]',
      env: { ROLEKEEPER_LOG_LEVEL: 'loud', ROLEKEEPER_LOG_COLOR: '1', AWS_METADATA_SERVICE_TIMEOUT: 'x' },
      flags: { 'policy.ready': 'x' },
    });
    expect(found.map((error) => error.split(' ', 2).join(' '))).toEqual([
      '/c.toml:2:8: imds.role',
      '/c.toml:3:2: nothing',
      'AWS_METADATA_SERVICE_TIMEOUT: imds.request_timeout',
      '--policy-ready: policy.ready',
      'ROLEKEEPER_LOG_LEVEL: log.level',
      'ROLEKEEPER_LOG_COLOR: is',
    ]);
  });

  test('does not hide behind a file that is no TOML', async () => {
    expect(await errors({ text: 'role = app', env: { ROLEKEEPER_LOG_LEVEL: 'loud' } })).toEqual([
      expect.stringMatching(/^\/c\.toml:1:8: must be valid TOML/),
      expect.stringMatching(/^ROLEKEEPER_LOG_LEVEL: /),
    ]);
  });

  test('never spreads the password of an endpoint', async () => {
    const env = { ROLEKEEPER_IMDS_ENDPOINT: 'http://user:EXAMPLE@host' };
    const text = 'imds.endpoint = "http://user:EXAMPLE@host"';
    expect((await errors({ text, env })).join()).not.toContain('EXAMPLE');
  });
});

describe('the whole request is never shorter than its connection', () => {
  test.each<[string, Given]>([
    ['in the file', { text: 'imds.request_timeout = "500ms"' }],
    ["by AWS's variable", { env: { AWS_METADATA_SERVICE_TIMEOUT: '0.5' } }],
    ['by flag', { flags: { 'imds.request_timeout': '500ms' } }],
  ])('a connect_timeout left at its default gives way to a short request %s', async (_, given) => {
    const { settings, origins } = await settled(given);
    expect(settings.imds).toMatchObject({ connectTimeout: 500, requestTimeout: 500 });
    expect(origins['imds.connect_timeout']).toBe('default');
  });

  const rule = 'imds.connect_timeout must not be longer than imds.request_timeout, which is';
  const nextStep = 'Shorten it, or lengthen imds.request_timeout.';
  test.each<[string, Given]>([
    [
      `/c.toml:2:19: ${rule} 2s (default); found "3s". ${nextStep}`,
      { text: '[imds]\nconnect_timeout = "3s"' },
    ],
    [
      `/c.toml:1:24: ${rule} 1s (/c.toml:2); found "3s". ${nextStep}`,
      { text: 'imds.connect_timeout = "3s"\nimds.request_timeout = "1s"' },
    ],
    [
      `/c.toml:1:24: ${rule} 1s (AWS_METADATA_SERVICE_TIMEOUT); found "1500ms". ${nextStep}`,
      { text: 'imds.connect_timeout = "1500ms"', env: { AWS_METADATA_SERVICE_TIMEOUT: '1' } },
    ],
    [
      `--imds-connect-timeout: ${rule} 4s (/c.toml:1); found "5s". ${nextStep}`,
      { text: 'imds.request_timeout = "4s"', flags: { 'imds.connect_timeout': '5s' } },
    ],
  ])('%s', async (error, given) => {
    expect(await errors(given)).toEqual([error]);
  });

  test('the two may be the same', async () => {
    const text = '[imds]\nconnect_timeout = "3s"\nrequest_timeout = "3s"';
    expect((await settled({ text })).settings.imds).toMatchObject({
      connectTimeout: 3_000,
      requestTimeout: 3_000,
    });
  });

  test('a bad timeout is one error, not two', async () => {
    expect(await errors({ text: 'imds.connect_timeout = "9s"\nimds.request_timeout = "9"' })).toHaveLength(1);
  });
});

describe('two surfaces cannot listen at one place', () => {
  test.each<[string, Given]>([
    [
      `/c.toml:3:10: imds_endpoint.listen must be another than container_endpoint.listen (default): both listen there; found "127.0.0.1:9911". Change one of the two.`,
      { text: '[imds_endpoint]\nenabled = true\nlisten = "127.0.0.1:9911"' },
    ],
    [
      `--container-endpoint-listen: container_endpoint.listen must be another than imds_endpoint.listen (default): both listen there; found "127.0.0.1:9912". Change one of the two.`,
      { text: 'imds_endpoint.enabled = true', flags: { 'container_endpoint.listen': '127.0.0.1:9912' } },
    ],
    [
      `ROLEKEEPER_LINE_SOCKET_PATH: line_socket.path must be another than agent_socket.path (default): both listen there; found "./agent.sock". Change one of the two.`,
      { env: { ROLEKEEPER_LINE_SOCKET_ENABLED: 'true', ROLEKEEPER_LINE_SOCKET_PATH: './agent.sock' } },
    ],
    [
      `--metrics-listen: metrics.listen must be another than container_endpoint.listen (default): both listen there; found "127.0.0.1:9911". Change one of the two.`,
      { flags: { 'metrics.listen': '127.0.0.1:9911' } },
    ],
    [
      `/c.toml:1:18: metrics.listen must be another than imds_endpoint.listen (default): both listen there; found "127.0.0.1:9912". Change one of the two.`,
      { text: 'metrics.listen = "127.0.0.1:9912"\nimds_endpoint.enabled = true' },
    ],
  ])('%s', async (error, given) => {
    expect(await errors(given)).toEqual([error]);
  });

  test.each<[string, Given]>([
    ['one of them does not listen', { text: 'imds_endpoint.listen = "127.0.0.1:9911"' }],
    [
      'the port is any that is free',
      {
        flags: {
          'imds_endpoint.enabled': 'true',
          'imds_endpoint.listen': '127.0.0.1:0',
          'container_endpoint.listen': '127.0.0.1:0',
        },
      },
    ],
    ['metrics are not served there', { text: 'metrics.listen = ""' }],
    ['the addresses differ', { text: '[imds_endpoint]\nenabled = true\nlisten = "127.0.0.2:9911"' }],
  ])('unless %s', async (_, given) => {
    await settled(given);
  });
});

describe('[[files]]', () => {
  test('are settings, and each of their values has its origin', async () => {
    const text = `[[files]]
format = "env"
path = "/run/app/env"
[[files]]
path = "/run/app/credentials"
format = "shared-credentials"
profile = "app"`;
    const { settings, origins } = await settled({ text });
    expect(settings.files.map(({ format, path, profile }) => [format, path, profile])).toEqual([
      ['env', '/run/app/env', 'default'],
      ['shared-credentials', '/run/app/credentials', 'app'],
    ]);
    expect(origins).toMatchObject({
      'files[0].path': '/c.toml:3',
      'files[0].profile': 'default',
      'files[1].profile': '/c.toml:7',
    });
  });

  test('have neither flag nor variable', async () => {
    expect(await errors({ env: { ROLEKEEPER_FILES_PATH: '/run/x' } })).toEqual([
      'ROLEKEEPER_FILES_PATH: is not a variable that this version of rolekeeper knows; found "/run/x". Unset it: [[files]] can only be written in the configuration file.',
    ]);
  });
});

test('settings cannot be smuggled in by names of Object.prototype', async () => {
  const given = { env: Object.create({ ROLEKEEPER_IMDS_ROLE: 'inherited' }) as Record<string, string> };
  expect((await settled(given)).settings.imds.role).toBe('');
  await errors({ text: '[__proto__]\nrole = "app"\n[imds.__proto__]\nrole = "app"' });
  expect('role' in {}).toBe(false);
});

describe('resolveSettings never rejects, and every error is a full sentence on one line', () => {
  const names = allSettings.flatMap((row) => [row.variable, ...(row.aws ?? []).map(({ name }) => name)]);
  const word = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'auto',
      'http://[::1]:1/',
      '60s',
      '0660',
      '0',
      '1',
      'true',
      '__proto__',
      '\ufeff',
      '\0',
      '"""',
      '\r\n',
    ),
  );
  const line = fc.oneof(
    word,
    fc
      .tuple(
        fc.constantFrom('imds', 'log', 'agent_socket', 'imds_endpoint', 'files', '[files]', '__proto__'),
        word,
      )
      .map(([s]) => `[${s}]`),
    fc
      .tuple(
        fc.constantFrom(...[...allSettings, ...fileSinkSettings].map(({ name }) => name)),
        fc.oneof(
          word,
          word.map((w) => `["x", ${JSON.stringify(w)}]`),
          word.map((w) => JSON.stringify(w)),
        ),
      )
      .map(([name, value]) => `${name} = ${value}`),
  );

  test('on any text, environment and flags', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(line).map((lines) => lines.join('\n')),
        fc.dictionary(fc.constantFrom(...names, 'ROLEKEEPER_LOG_X'), word),
        fc.dictionary(fc.constantFrom<SettingKey[]>(...allSettings.map(({ key }) => key)), word),
        async (text, env, flags) => {
          const result = await resolve({ text, env, flags });
          if (result.ok) {
            expect(result.settings.imds.connectTimeout).toBeLessThanOrEqual(
              result.settings.imds.requestTimeout,
            );
            expect(result.settings.agentSocket.mode & 0o007).toBe(0);
            expect(result.settings.containerEndpoint.listen.host).toMatch(/^(127\.[\d.]+|::1)$/);
            for (const { path, mode } of result.settings.files) {
              expect(path).toMatch(/^\/[^\0]*[^/]$/);
              expect(mode & 0o007).toBe(0);
            }
            return;
          }
          expect(result.errors.length).toBeGreaterThan(0);
          for (const error of result.errors) {
            expect(formatConfigError(error)).toMatch(/^[^\p{Cc}]{1,1000}[.?]$/u);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
