import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { planReload } from '../../src/config/reload.ts';
import { type Flags, resolveSettings } from '../../src/config/resolve.ts';
import { allSettings, type SettingKey } from '../../src/config/settings.ts';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

async function settings(text = '', flags: Flags = {}) {
  const result = await resolveSettings({ file: { path: 'c', text }, env: {}, flags });
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.settings;
}

/** For each setting, a value that is not its default. */
const OTHER: Readonly<Record<SettingKey, string>> = {
  'imds.endpoint': 'ipv6',
  'imds.connect_timeout': '500ms',
  'imds.request_timeout': '3s',
  'imds.check_interval': '30s',
  'imds.role': 'other',
  'imds.attempts': '2',
  'policy.static_stability': 'never',
  'policy.ready': 'listening',
  'agent_socket.path': 'other.sock',
  'agent_socket.mode': '0600',
  'agent_socket.group': 'staff',
  'line_socket.enabled': 'true',
  'line_socket.path': 'line.sock',
  'line_socket.mode': '0600',
  'line_socket.group': 'staff',
  'container_endpoint.enabled': 'false',
  'container_endpoint.listen': '127.0.0.1:9000',
  'container_endpoint.authorize': 'token',
  'imds_endpoint.enabled': 'true',
  'imds_endpoint.listen': '127.0.0.1:9001',
  'imds_endpoint.tokenless_users': 'backup',
  'metrics.listen': '127.0.0.1:9002',
  'network.lockdown': 'false',
  'network.agent_user': 'other',
  'network.redirect_users': '',
  'network.containers': 'allow',
  'log.level': 'debug',
  'log.format': 'json',
};
/** Their other values need more than themselves. */
const NOT_ALONE: readonly SettingKey[] = ['container_endpoint.authorize', 'network.redirect_users'];

describe('A reload', () => {
  test.each(allSettings.filter(({ key }) => !NOT_ALONE.includes(key)).map((row) => [row.key, row] as const))(
    'says what a change of %s takes, and applies just that',
    async (key, row) => {
      const before = await settings();
      const after = await settings('', { [key]: OTHER[key] });
      const plan = planReload(before, after);
      expect(plan).toMatchObject({
        applied: row.changes === 'by-reload' ? [key] : [],
        needsRestart: row.changes === undefined ? [key] : [],
        needsNetworkReload: row.changes === 'by-network-reload' ? [key] : [],
      });
      expect(plan.settings).toEqual(row.changes === 'by-reload' ? after : before);
    },
  );

  test('takes up files and rules, and sees no change in one whose line has moved', async () => {
    const rule = '[[deny]]\nuser = "a"\nsurfaces = ["agent_socket"]\n';
    const before = await settings(rule);
    const moved = await settings(`# a comment\n${rule}`);
    expect(planReload(before, moved).applied).toEqual([]);
    const after = await settings(`${rule}user = "b"\n`.replace('user = "a"\n', ''));
    expect(planReload(before, after).applied).toEqual(['[[allow]] and [[deny]]']);
    const withFile = await settings(`${rule}[[files]]\nformat = "env"\npath = "/run/a"\n`);
    const plan = planReload(before, withFile);
    expect(plan.applied).toEqual(['[[files]]']);
    expect(plan.settings.files).toEqual(withFile.files);
  });

  test('that changed nothing has nothing to say', async () => {
    const same = await settings();
    expect(planReload(same, await settings())).toEqual({
      settings: same,
      applied: [],
      needsRestart: [],
      needsNetworkReload: [],
    });
  });
});

test('The page of settings names those that a reload applies', () => {
  const section = page.slice(page.indexOf('## Changing it'));
  for (const { key, changes } of allSettings) {
    const isNamed = section.includes(`\`${key}\``);
    expect(isNamed, key).toBe(changes === 'by-reload');
  }
});
