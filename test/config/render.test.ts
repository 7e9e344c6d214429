import { expect, test } from 'vitest';
import { fileSinkSettings } from '../../src/config/file-sink-settings.ts';
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
    '[line_socket]',
    'enabled = false',
    'path = "credentials.sock"',
    'mode = "0660"',
    'group = "rolekeeper"',
    '[container_endpoint]',
    'enabled = true',
    'listen = "127.0.0.1:9911"',
    'authorize = "token"',
    '[imds_endpoint]',
    'enabled = false',
    'listen = "127.0.0.1:9912"',
    'tokenless_users = []',
    '[metrics]',
    'listen = ""',
    '[network]',
    'lockdown = true',
    'agent_user = "rolekeeper"',
    'redirect_users = []',
    'containers = "refuse"',
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

test('what the default file shows of [[files]] is one that works, with its rules, once it is not commented out', async () => {
  const [before = '', after = ''] = renderDefaultConfig().split('#[[files]]');
  expect(before).toContain('There is none by default.');
  const lines = after.replaceAll('\n# ', ' ').split('\n');
  for (const { name, doc, type } of fileSinkSettings) {
    expect(lines.find((line) => line.startsWith(`#${name} = `))).toBeDefined();
    for (const words of [doc, type.rule.slice(1)]) expect(after.replaceAll('\n# ', ' ')).toContain(words);
  }
  const text = `[[files]]${after.replaceAll(/^#(?! )/gm, '')}`;
  const result = await resolveSettings({ file: { path: 'c.toml', text }, ...nothing });
  expect(result.ok && result.settings.files).toEqual([
    {
      format: 'shared-credentials',
      path: '/run/rolekeeper/credentials',
      profile: 'default',
      mode: 0o640,
      owner: '',
      group: 'rolekeeper',
      onChange: [],
      onChangeTimeout: 30_000,
      atWithdrawal: 'remove',
      atStop: 'keep',
    },
  ]);
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
    env: {
      AWS_METADATA_SERVICE_TIMEOUT: '0.5',
      ROLEKEEPER_IMDS_ENDPOINT_ENABLED: 'true',
      ROLEKEEPER_IMDS_ENDPOINT_TOKENLESS_USERS: 'a, b',
    },
    flags: { 'imds.endpoint': 'http://127.0.0.1:1338/', 'imds_endpoint.listen': '[::1]:1338' },
  });
  if (!result.ok) throw new Error('Refused');
  expect(explainSettings(result.settings, result.origins)).toBe(`\
imds.endpoint = "http://127.0.0.1:1338"       (--imds-endpoint)
imds.connect_timeout = "500ms"                (default)
imds.request_timeout = "500ms"                (AWS_METADATA_SERVICE_TIMEOUT)
imds.check_interval = "1m"                    (default)
imds.role = ""                                (default)
imds.attempts = 3                             (default)
policy.static_stability = "imds"              (default)
policy.ready = "credentials"                  (default)
agent_socket.path = "agent.sock"              (default)
agent_socket.mode = "0600"                    (/c\\u{a}.toml:3)
agent_socket.group = "a \\"b\\""                (/c\\u{a}.toml:2)
line_socket.enabled = false                   (default)
line_socket.path = "credentials.sock"         (default)
line_socket.mode = "0660"                     (default)
line_socket.group = "rolekeeper"              (default)
container_endpoint.enabled = true             (default)
container_endpoint.listen = "127.0.0.1:9911"  (default)
container_endpoint.authorize = "token"        (default)
imds_endpoint.enabled = true                  (ROLEKEEPER_IMDS_ENDPOINT_ENABLED)
imds_endpoint.listen = "[::1]:1338"           (--imds-endpoint-listen)
imds_endpoint.tokenless_users = ["a", "b"]    (ROLEKEEPER_IMDS_ENDPOINT_TOKENLESS_USERS)
metrics.listen = ""                           (default)
network.lockdown = true                       (default)
network.agent_user = "rolekeeper"             (default)
network.redirect_users = []                   (default)
network.containers = "refuse"                 (default)
log.level = "info"                            (default)
log.format = "auto"                           (default)
`);
});

test('an explanation has a line for every value of every one of the [[files]]', async () => {
  const text = `[[files]]
format = "env"
path = "/run/app/env"
on_change = ["systemctl", "reload", "a \\"b\\""]
[[files]]
format = "credential-process"
path = "/run/app/credentials.json"`;
  const result = await resolveSettings({ file: { path: '/c.toml', text }, ...nothing });
  if (!result.ok) throw new Error('Refused');
  const lines = explainSettings(result.settings, result.origins)
    .split('\n')
    .map((line) => line.replace(/ {2,}/, '  '));
  expect(lines.filter((line) => line.startsWith('files['))).toEqual([
    'files[0].format = "env"  (/c.toml:2)',
    'files[0].path = "/run/app/env"  (/c.toml:3)',
    'files[0].profile = "default"  (default)',
    'files[0].mode = "0640"  (default)',
    'files[0].owner = ""  (default)',
    'files[0].group = "rolekeeper"  (default)',
    'files[0].on_change = ["systemctl", "reload", "a \\"b\\""]  (/c.toml:4)',
    'files[0].on_change_timeout = "30s"  (default)',
    'files[0].at_withdrawal = "remove"  (default)',
    'files[0].at_stop = "keep"  (default)',
    'files[1].format = "credential-process"  (/c.toml:6)',
    'files[1].path = "/run/app/credentials.json"  (/c.toml:7)',
    ...['profile', 'mode', 'owner', 'group'].map((name) => expect.stringContaining(`files[1].${name} = `)),
    'files[1].on_change = []  (default)',
    ...['on_change_timeout', 'at_withdrawal', 'at_stop'].map((name) =>
      expect.stringContaining(`files[1].${name} = `),
    ),
  ]);
});
