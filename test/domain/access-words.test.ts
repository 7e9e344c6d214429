import { describe, expect, test } from 'vitest';
import { type AccessRule, decide } from '../../src/domain/access-policy.ts';
import { decisionReason, ruleMeaning, ruleName, surfaceMeaning } from '../../src/domain/access-words.ts';
import { unknownCaller } from '../../src/domain/caller.ts';

const allow: AccessRule = {
  verdict: 'allow',
  user: { name: 'backup', id: 34 },
  unit: 'backup.service',
  surfaces: ['agent_socket', 'line_socket'],
  place: '/etc/rolekeeper/config.toml:12',
};
const deny: AccessRule = {
  verdict: 'deny',
  group: { name: '65534', id: 65_534 },
  surfaces: ['agent_socket'],
  place: '/etc/rolekeeper/config.toml:20',
};

test('a rule is named by what it says and where', () => {
  expect(ruleName(allow)).toBe(
    '[[allow]] user = "backup", unit = "backup.service" at /etc/rolekeeper/config.toml:12',
  );
});

test('a rule means a sentence', () => {
  expect(ruleMeaning(allow)).toBe(
    'Programs of user backup (34) in unit backup.service may ask over agent_socket and line_socket.',
  );
  expect(ruleMeaning(deny)).toBe(
    'Programs in group 65534 may not ask over agent_socket, nor may callers of whom that cannot be known.',
  );
  expect(ruleMeaning({ ...deny, exe: '/usr/bin/nc' })).toMatch(/^The program \/usr\/bin\/nc in group 65534/);
});

test('a surface says who else may', () => {
  expect(surfaceMeaning([allow, deny], 'agent_socket')).toBe(
    'agent_socket: the first rule that fits decides; nobody else; and its file mode and group decide who can connect.',
  );
  expect(surfaceMeaning([deny], 'agent_socket')).toContain('everybody else may;');
  expect(surfaceMeaning([allow, deny], 'imds_endpoint')).toBe(
    'imds_endpoint: no rule; its tokens are asked for, as IMDS does.',
  );
});

describe('a decision has a reason', () => {
  const reason = (rules: readonly AccessRule[], uid: number | undefined) => {
    const caller = { ...unknownCaller, uid, gids: uid === undefined ? undefined : new Set([uid]), unit: '' };
    return decisionReason(decide(rules, 'agent_socket', caller), 'agent_socket');
  };
  test.each([
    ['rule', [deny], 65_534, 'by [[deny]] group = "65534" at /etc/rolekeeper/config.toml:20'],
    [
      'in-doubt',
      [deny],
      undefined,
      'by [[deny]] group = "65534" at /etc/rolekeeper/config.toml:20: what it asks cannot be known of this caller',
    ],
    ['not-allowed', [allow], 34, 'because no [[allow]] for agent_socket fits'],
    ['not-denied', [deny], 34, 'because no [[deny]] for agent_socket fits, and there is no [[allow]] for it'],
    ['no-rules', [], 34, 'because no rule is about agent_socket'],
  ] as const)('%s', (_, rules, uid, words) => {
    expect(reason(rules, uid)).toBe(words);
  });
});
