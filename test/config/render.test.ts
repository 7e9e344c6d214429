import { expect, test } from 'vitest';
import { explainSettings, renderDefaultConfig } from '../../src/config/render.ts';
import { resolveSettings } from '../../src/config/resolve.ts';
import { allSettings } from '../../src/config/settings.ts';

const nothing = { env: {}, flags: {} };

test('the default file says exactly the defaults', async () => {
  const withFile = await resolveSettings({
    file: { path: 'c.toml', text: renderDefaultConfig() },
    ...nothing,
  });
  const without = await resolveSettings(nothing);
  expect(withFile.ok && withFile.settings).toEqual(without.ok && without.settings);
  const origins = withFile.ok ? Object.entries(withFile.origins) : [];
  expect(origins.filter(([, origin]) => origin === 'default').map(([key]) => key)).toEqual(['imds.attempts']);
});

test('the default file begins with the sections and keys of the documentation', () => {
  const lines = renderDefaultConfig().split('\n');
  expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    '[imds]',
    'endpoint = "auto"',
    'connect_timeout = "1s"',
    'request_timeout = "2s"',
    'check_interval = "60s"',
    'role = ""',
    '[policy]',
    'static_stability = "imds"',
    'ready = "credentials"',
    '[agent_socket]',
    'path = "agent.sock"',
    'mode = "0660"',
    'group = "rolekeeper"',
    '[log]',
    'level = "info"',
    'format = "auto"',
  ]);
});

test('every key of the default file has its sentence, its rule and its variables above it', () => {
  const text = renderDefaultConfig().replaceAll('\n# ', ' ');
  for (const { doc, type, variable, aws = [] } of allSettings.filter((row) => row.notInFile === undefined)) {
    for (const words of [doc, type.rule.slice(1), variable, ...aws.map(({ name }) => name)]) {
      expect(text).toContain(words);
    }
  }
  expect(text).toContain('AWS_EC2_METADATA_DISABLED');
});

test('no line of the default file is too long for a terminal', () => {
  expect(
    Math.max(
      ...renderDefaultConfig()
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(100);
});

test('an explanation has one line for each setting, with its origin', async () => {
  const result = await resolveSettings({
    file: { path: '/c\n.toml', text: '[agent_socket]\ngroup = "a \\"b\\""\nmode = "0600"' },
    env: { AWS_METADATA_SERVICE_TIMEOUT: '0.5' },
    flags: { 'imds.endpoint': 'http://127.0.0.1:1338/' },
  });
  if (!result.ok) throw new Error('Refused');
  expect(explainSettings(result.settings, result.origins)).toBe(`\
imds.endpoint = "http://127.0.0.1:1338"  (--imds-endpoint)
imds.connect_timeout = "500ms"           (default)
imds.request_timeout = "500ms"           (AWS_METADATA_SERVICE_TIMEOUT)
imds.check_interval = "1m"               (default)
imds.role = ""                           (default)
imds.attempts = 3                        (default)
policy.static_stability = "imds"         (default)
policy.ready = "credentials"             (default)
agent_socket.path = "agent.sock"         (default)
agent_socket.mode = "0600"               (/c\\u{a}.toml:3)
agent_socket.group = "a \\"b\\""           (/c\\u{a}.toml:2)
log.level = "info"                       (default)
log.format = "auto"                      (default)
`);
});
