import { groupId } from '../../../platform/groups.ts';
import type { Examination } from '../examination.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';

export function checkGroup({ configuration, socketFile, machine, agent }: Examination): readonly Finding[] {
  const { settings, socketPath } = configuration;
  if (settings === undefined) return [];
  const { group, mode } = settings.agentSocket;
  if (group === '' || (mode & 0o060) === 0) {
    return [
      ok('group-ok', "The socket is for the agent's own user and group", 'agent_socket.group names none'),
    ];
  }
  const gid = groupId(group);
  if (gid === undefined) {
    const told = {
      finding: `There is no group ${group} on this machine`,
      evidence: `agent_socket.group = "${group}", and /etc/group has no such line`,
      nextStep: `groupadd --system ${group}, add the users that are to be served, and systemctl restart rolekeeper`,
    };
    return group === 'rolekeeper'
      ? [
          warning('group-missing', {
            ...told,
            consequence: "Only root and the agent's own user and group are served",
          }),
        ]
      : [problem('group-missing', { ...told, consequence: 'The agent does not start' })];
  }
  if (socketFile !== undefined && agent.isUp && socketFile.gid !== gid) {
    return [
      warning('group-wrong', {
        finding: 'The socket belongs to another group than the configured one',
        evidence: `${socketPath} has group ${socketFile.gid}, where ${group} (${gid}) is expected`,
        consequence: `Members of ${group} are not served`,
        nextStep: `systemctl restart rolekeeper; where a socket unit made it, correct SocketGroup= there`,
      }),
    ];
  }
  const isListed = machine.accounts.groupsOf(machine.uid)?.has(gid) === true;
  if (machine.uid !== 0 && isListed && !machine.gids.has(gid)) {
    return [
      warning('group-login', {
        finding: `This user is in the group ${group}, and this session is not`,
        evidence: `/etc/group lists it; this process has groups ${[...machine.gids].join(', ')}`,
        consequence: 'Programs of this session, and services started before, may not open the socket',
        nextStep: `Log in anew (or newgrp ${group}), and restart the services of this user`,
      }),
    ];
  }
  return [ok('group-ok', `The group ${group} is there`, `gid ${gid}`)];
}
