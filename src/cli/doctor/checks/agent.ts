import { existsSync } from 'node:fs';
import type { LoopbackAddress } from '../../../platform/tcp-listener.ts';
import type { Examination } from '../examination.ts';
import { type Finding, note, ok, problem } from '../finding.ts';
import { lookForPortHolder } from '../look/network.ts';
import { processName } from '../look/processes.ts';

export function checkAgent(seen: Examination): readonly Finding[] {
  const { agent, machine } = seen;
  if (!agent.isUp) {
    return [notAnswering(seen), ...(agent.problem === 'not-running' ? takenPorts(seen) : [])];
  }
  const { version, pid, phase, started } = agent.status;
  const facts = `version ${version}, pid ${pid}, since ${started}, phase ${phase}`;
  if (version !== machine.version) {
    return [
      note('agent-other-version', {
        finding: 'The running agent is of another version than this command',
        evidence: `${facts}; this is version ${machine.version}`,
        consequence: 'What this report says of defaults and limits is about this version',
        nextStep: 'systemctl restart rolekeeper: the sockets stay, so nobody is refused meanwhile',
      }),
    ];
  }
  return [ok('agent-ok', 'The agent answers', facts)];
}

const CONSEQUENCE = {
  'not-running':
    'Nobody is served: the fast helper and credential-process fail, SDKs on the container endpoint are refused, and those that fall through to IMDS take the whole role from there',
  'not-permitted':
    "This user's programs get nothing over this socket, nor by credential_process. Others may be served",
  'no-answer': 'Programs wait for as long as they are patient, and then fail',
} as const;

function notAnswering({ agent, configuration, socketFile, machine }: Examination): Finding {
  if (agent.isUp) throw new TypeError('The agent does answer');
  const { problem: kind, message } = agent;
  const { socketPath } = configuration;
  const consequence = CONSEQUENCE[kind];
  if (kind === 'not-permitted') {
    const { mode = 0, uid, gid } = socketFile ?? {};
    const owner =
      socketFile === undefined
        ? `${socketPath} is in a directory that is closed to this user`
        : `${socketPath} has mode ${(mode & 0o777).toString(8).padStart(4, '0')}, user ${uid}, group ${gid}`;
    return problem('agent-not-permitted', {
      finding: 'This user may not open the socket of the agent',
      evidence: `${owner}; this process has uid ${machine.uid} and groups ${[...machine.gids].join(', ')}`,
      consequence,
      nextStep: `Add the user to the group (usermod -aG ${groupName(configuration.settings?.agentSocket.group)} USER) and log in anew, or put User= and Group= of its unit right`,
    });
  }
  if (kind === 'no-answer') {
    return problem('agent-silent', {
      finding: 'Something takes connections on the socket and does not answer',
      evidence: message,
      consequence,
      nextStep:
        'Look whether the agent is stopped or starved: systemctl status rolekeeper, journalctl -u rolekeeper; then systemctl restart rolekeeper',
    });
  }
  const isStale = existsSync(socketPath);
  return problem('agent-not-running', {
    finding: 'No agent runs',
    evidence: isStale
      ? `${socketPath} is there and nobody listens behind it: the agent was killed`
      : `there is no ${socketPath}`,
    consequence,
    nextStep:
      'systemctl start rolekeeper, then journalctl -u rolekeeper -n 20 says why it ended; an agent elsewhere is named by --runtime-dir',
  });
}

/** A port that is not to be had is why an agent does not start. */
function takenPorts({ configuration: { settings }, machine }: Examination): readonly Finding[] {
  if (settings === undefined) return [];
  const { containerEndpoint, imdsEndpoint } = settings;
  const wanted: readonly (readonly [string, { enabled: boolean; listen: LoopbackAddress }])[] = [
    ['container_endpoint', containerEndpoint],
    ['imds_endpoint', imdsEndpoint],
  ];
  return wanted.flatMap(([section, { enabled, listen }]) => {
    if (!enabled || listen.port === 0) return [];
    const holder = lookForPortHolder({ address: listen.host, port: listen.port }, machine);
    if (holder === undefined) return [];
    const { pid, uid, place } = holder;
    const exe = pid === undefined ? undefined : machine.facts.exe(pid);
    // The socket unit holds it while the service is down: that is as it should be. Only root sees that it is systemd.
    if (exe?.endsWith('/systemd') || (exe === undefined && uid === 0)) return [];
    return [
      problem('port-taken', {
        finding: `Another program listens where ${section} should`,
        evidence: `${place.address} port ${place.port} is held by ${processName({ pid, uid, exe }, machine)}`,
        consequence:
          'The agent does not start while it cannot have the port, and consumers would be answered by that program',
        nextStep: `Stop that program, or give the surface another port: listen in [${section}]`,
      }),
    ];
  });
}

function groupName(group: string | undefined): string {
  return group === undefined || group === '' ? 'rolekeeper' : group;
}
