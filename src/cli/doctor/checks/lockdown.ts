import type { Examination } from '../examination.ts';
import { type Finding, note, ok, unknown, warning } from '../finding.ts';

const APPLY = 'systemctl enable --now rolekeeper-network (or rolekeeper network apply)';

/** Whether the packet rules in force are the configured ones. */
export function checkLockdown({ rules, configuration, machine }: Examination): readonly Finding[] {
  const { settings } = configuration;
  if (rules === undefined || settings === undefined) return [];
  const { network } = settings;
  switch (rules.kind) {
    case 'in-force':
      return [
        ok(
          'lockdown-ok',
          'The packet rules in force are the configured ones',
          'nft list table inet rolekeeper',
        ),
      ];
    case 'other':
      return [
        warning('lockdown-drift', {
          finding: 'The packet rules in force are not the configured ones',
          evidence: rules.differences.slice(0, 4).join('; '),
          consequence: 'Others than the agent may reach IMDS, or redirected users may not be served',
          nextStep: 'rolekeeper network apply, and find out who edits them (nft monitor)',
        }),
      ];
    case 'unknown':
      return [
        unknown('lockdown-unknown', {
          finding: 'Whether packet rules are in force cannot be said',
          evidence: rules.why,
          consequence: 'None by itself',
          nextStep: 'Run rolekeeper doctor as root, on a machine with nftables',
        }),
      ];
    case 'absent':
      break;
  }
  const wanted = [
    ...(machine.isNetworkUnitEnabled ? ['rolekeeper-network.service is enabled'] : []),
    ...(network.redirectUsers.length > 0
      ? [`network.redirect_users names ${network.redirectUsers.join(', ')}`]
      : []),
  ];
  if (wanted.length > 0) {
    return [
      warning('lockdown-missing', {
        finding: 'Packet rules are wanted, and not in force',
        evidence: `${wanted.join('; ')}; there is no table inet rolekeeper`,
        consequence: 'Every program reaches IMDS, and redirected users get what IMDS gives them',
        nextStep: `${APPLY}; nft flush ruleset takes them away, and a firewall of your own may run that`,
      }),
    ];
  }
  return [
    note('lockdown-off', {
      finding: 'No packet rules are loaded: every program reaches IMDS',
      evidence: 'there is no table inet rolekeeper',
      consequence:
        'A program that can be made to fetch a URL can be made to fetch the credentials of the role',
      nextStep: `If IMDS is to be for the agent alone: ${APPLY}`,
    }),
  ];
}
