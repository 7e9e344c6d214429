import { expect, test } from 'vitest';
import { type NetworkSettings, planNetwork } from '../../src/network/network-plan.ts';

const ids: Readonly<Record<string, number>> = {
  root: 0,
  rolekeeper: 991,
  keeper2: 991,
  web: 1001,
  backup: 34,
};
const settings: NetworkSettings = {
  lockdown: true,
  agentUser: 'rolekeeper',
  redirectUsers: [],
  target: { host: '127.0.0.1', port: 9912 },
  containers: 'refuse',
};
const plan = (changes: Partial<NetworkSettings>) =>
  planNetwork({ ...settings, ...changes }, (name) => ids[name]);

test('names become numbers, in one order and each once', () => {
  const { agentUser: _, redirectUsers: __, ...rest } = settings;
  expect(plan({ redirectUsers: ['web', 'backup', 'web'] })).toEqual({
    ok: true,
    plan: {
      ...rest,
      agent: { name: 'rolekeeper', uid: 991 },
      redirected: [
        { name: 'backup', uid: 34 },
        { name: 'web', uid: 1001 },
      ],
    },
  });
});

test('every user that is not there is told, with its key', () => {
  expect(plan({ agentUser: 'nobody-here', redirectUsers: ['web', 'ghost'] })).toEqual({
    ok: false,
    errors: [
      'There is no user nobody-here on this machine: create it or correct network.agent_user',
      'There is no user ghost on this machine: create it or correct network.redirect_users',
    ],
  });
});

test('the agent is never redirected to itself, whatever it is called', () => {
  const result = plan({ redirectUsers: ['keeper2'] });
  expect(result).toMatchObject({ ok: false });
  expect(!result.ok && result.errors[0]).toContain('keeper2 is 991, as is network.agent_user');
});

test('no rules at all are no plan', () => {
  const result = plan({ lockdown: false });
  expect(!result.ok && result.errors).toEqual([expect.stringContaining('rolekeeper network remove')]);
  expect(plan({ lockdown: false, redirectUsers: ['web'] })).toMatchObject({ ok: true });
});
