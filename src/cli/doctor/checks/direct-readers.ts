import { userId } from '../../../platform/groups.ts';
import type { Examination } from '../examination.ts';
import { type Finding, note, ok, unknown } from '../finding.ts';
import { processName } from '../look/processes.ts';

/** Who still reads IMDS itself, and who asks us as only IMDSv1 does. */
export function checkDirectReaders(seen: Examination): readonly Finding[] {
  return [...direct(seen), ...tokenless(seen)];
}

function direct({
  directReaders,
  configuration,
  rules,
  machine,
  processes,
}: Examination): readonly Finding[] {
  if (directReaders === undefined) {
    return [
      unknown('direct-unknown', {
        finding: 'Who talks to IMDS cannot be said',
        evidence: 'the tables of TCP sockets in /proc are closed to this process',
        consequence: 'None by itself',
        nextStep: 'Run rolekeeper doctor outside of a sandbox',
      }),
    ];
  }
  // To the tables of sockets a redirected connection still goes to IMDS.
  const isRedirecting = rules?.kind === 'in-force' || rules?.kind === 'other';
  const redirected = new Set(
    isRedirecting ? (configuration.settings?.network.redirectUsers ?? []).map((user) => userId(user)) : [],
  );
  const readers = directReaders.filter(({ uid }) => !redirected.has(uid));
  if (readers.length === 0) {
    return [
      ok(
        'direct-none',
        'Nobody but the agent was seen talking to IMDS',
        'two looks at the tables of sockets',
      ),
    ];
  }
  const named = readers.map(({ pid, uid, place }) => {
    const exe = processes.find((each) => each.pid === pid)?.exe;
    return `${processName({ pid, uid, exe }, machine)} to ${place.address}`;
  });
  return [
    note('direct-reader', {
      finding: 'Other programs talk to IMDS themselves',
      evidence: named.join('; '),
      consequence:
        'They have timeouts and retries of their own, share the limit of requests of the instance, and may still speak IMDSv1',
      nextStep:
        'Lead them to the agent: rolekeeper env --for NAME; what cannot be led is redirected: network.redirect_users',
    }),
  ];
}

function tokenless({ agent, machine }: Examination): readonly Finding[] {
  const rows = agent.isUp ? agent.callers.filter((row) => row.tokenless > 0) : [];
  if (rows.length === 0) return [];
  const named = rows.map(({ uid, exe, user_agent, tokenless: times }) => {
    const who = uid === undefined ? 'somebody' : processName({ uid, exe }, machine);
    return `${who}${user_agent === undefined ? '' : ` (${user_agent})`}: ${times} times`;
  });
  return [
    note('imdsv1-reader', {
      finding: 'Some consumers ask as only IMDSv1 does',
      evidence: named.join('; '),
      consequence: 'None here. The IMDS of an instance with HttpTokens=required would refuse them',
      nextStep: 'rolekeeper callers lists them; update them, or leave them to imds_endpoint.tokenless_users',
    }),
  ];
}
