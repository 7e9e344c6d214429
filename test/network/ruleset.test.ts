import { describe, expect, test } from 'vitest';
import type { NetworkPlan } from '../../src/network/network-plan.ts';
import { renderRemoval, renderRuleset, replaceTable } from '../../src/network/ruleset.ts';

const locked: NetworkPlan = {
  lockdown: true,
  agent: { name: 'rolekeeper', uid: 991 },
  redirected: [],
  target: { host: '127.0.0.1', port: 9912 },
  containers: 'refuse',
};
const redirected = [
  { name: 'backup', uid: 34 },
  { name: '1001', uid: 1001 },
];

/** Without what is for people. */
function rules(plan: NetworkPlan): readonly string[] {
  return renderRuleset(plan)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '}' && !line.startsWith('#'));
}

test('a lockdown, word for word', () => {
  expect(renderRuleset(locked)).toBe(`\
# What rolekeeper network apply loads. The user ids are those of this machine.
# IMDS is reached by: rolekeeper (991), the agent; everybody else, root included, is refused at once.
# Redirected to the IMDS-compatible endpoint: nobody.
# Forwarded traffic, as of containers with a network of their own: refused at once.
table inet rolekeeper {}
delete table inet rolekeeper
table inet rolekeeper {
	# Refused, never dropped: a program that waits for an answer would hang.
	chain refuse {
		meta l4proto tcp counter reject with tcp reset
		counter reject with icmpx type admin-prohibited
	}

	# What is sent to IMDS by this machine itself, whatever the protocol and the source address.
	chain imds {
		# rolekeeper (991): the agent.
		meta skuid 991 tcp dport 80 accept
		# Everybody else whose socket has an owner.
		meta skuid != 991 goto refuse
		# Without an owner: the kernel's last packets for a socket that was closed. They open nothing and nobody reads the answer.
		tcp dport 80 tcp flags & syn == 0 accept
		# Without an owner: the kernel looking for its neighbours.
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
		goto refuse
	}

	chain from_here {
		type filter hook output priority 0; policy accept;
		ip daddr 169.254.169.254 goto imds
		ip6 daddr fd00:ec2::254 goto imds
	}

	# What this machine only passes on: containers with a network of their own, virtual machines, source-routed packets.
	chain passed_on {
		type filter hook forward priority 0; policy accept;
		ip daddr 169.254.169.254 goto refuse
		ip6 daddr fd00:ec2::254 goto refuse
	}
}
`);
});

describe('a redirect', () => {
  test('comes before the refusal and before the translations of others, over the family of the endpoint', () => {
    expect(rules({ ...locked, redirected })).toEqual([
      ...rules(locked).slice(0, 12),
      'chain to_endpoint {',
      'type nat hook output priority -105; policy accept;',
      'ip daddr 169.254.169.254 tcp dport 80 meta skuid { 34, 1001 } counter dnat ip to 127.0.0.1:9912',
      ...rules(locked).slice(12),
    ]);
  });

  test('over IPv6 goes to an endpoint on [::1]', () => {
    const plan = { ...locked, redirected, target: { host: '::1', port: 9912 } };
    const translations = rules(plan).filter((rule) => rule.includes('dnat'));
    expect(translations).toEqual([
      'ip6 daddr fd00:ec2::254 tcp dport 80 meta skuid { 34, 1001 } counter dnat ip6 to [::1]:9912',
    ]);
  });

  test('without a lockdown touches the named users only, and keeps them from the other family', () => {
    expect(rules({ ...locked, lockdown: false, redirected }).slice(6)).toEqual([
      'chain to_endpoint {',
      'type nat hook output priority -105; policy accept;',
      'ip daddr 169.254.169.254 tcp dport 80 meta skuid { 34, 1001 } counter dnat ip to 127.0.0.1:9912',
      'chain from_here {',
      'type filter hook output priority 0; policy accept;',
      'ip6 daddr fd00:ec2::254 meta skuid { 34, 1001 } goto refuse',
    ]);
  });

  test('without anybody to redirect nothing makes the kernel track connections', () => {
    expect(renderRuleset(locked)).not.toMatch(/\b(nat|ct)\b/);
  });
});

test('containers that are let through have no chain', () => {
  expect(rules({ ...locked, containers: 'allow' })).toEqual(rules(locked).slice(0, -4));
});

test('the addresses beside those of IMDS are left alone', () => {
  const addresses = renderRuleset(locked).match(/\bdaddr \S+/g) ?? [];
  expect(new Set(addresses)).toEqual(new Set(['daddr 169.254.169.254', 'daddr fd00:ec2::254']));
});

test('the header tells who is redirected and what is not locked', () => {
  const header = renderRuleset({ ...locked, lockdown: false, redirected })
    .split('\n')
    .slice(0, 4)
    .join('\n');
  expect(header).toContain('everybody else as before');
  expect(header).toContain('backup (34), user 1001');
  expect(header).toContain('containers with a network of their own: as before');
});

test('a name cannot leave its comment', () => {
  const agent = { name: 'a\ntable inet evil {}\u2028', uid: 991 };
  expect(rules({ ...locked, agent })).toEqual(rules(locked));
});

test('a table takes the place of the one before in one transaction, and removing is no error where there is none', () => {
  expect(replaceTable('table inet rolekeeper {\n}')).toEqual([
    'table inet rolekeeper {}',
    'delete table inet rolekeeper',
    'table inet rolekeeper {\n}',
  ]);
  expect(renderRemoval()).toBe('table inet rolekeeper {}\ndelete table inet rolekeeper\n');
});
