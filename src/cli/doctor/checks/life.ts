import { formatTimestamp, parseTimestamp } from '../../../domain/timestamps.ts';
import type { Examination } from '../examination.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';
import { IMDS_WINDOW, WINDOWS } from '../sdk-facts.ts';

const MINUTE_MS = 60_000;

/** How long the set at hand still lives, against what clients do near its end. */
export function checkLife(seen: Examination): readonly Finding[] {
  const { agent, imds, machine } = seen;
  if (agent.isUp && !agent.status.serving) return notServed(seen);
  const served = agent.isUp ? agent.status : undefined;
  const expiration = served
    ? parseTimestamp(served.expiration ?? '')
    : imds?.outcome.ok
      ? imds.outcome.value.credentials.expiration
      : undefined;
  if (expiration === undefined) return [];
  const left = expiration - machine.clock.now();
  const minutes = Math.floor(left / MINUTE_MS);
  const set = served === undefined ? 'the set' : `the set ${served.key_id}`;
  const when = left > 0 ? `ends in ${minutes} minutes` : 'has ended';
  const evidence = `${set} ${when}, at ${formatTimestamp(expiration)}`;
  if (left <= 0) {
    return [
      warning('life-extended', {
        finding: 'An expired set is served on',
        evidence: `${evidence}; consumers are told ${served?.advertised_expiration ?? 'nothing'}`,
        consequence: 'AWS may refuse it: that depends on whether its own control plane can issue new ones',
        nextStep:
          'Look at the AWS Health Dashboard, and at the finding about IMDS. policy.static_stability = "never" would refuse instead',
      }),
    ];
  }
  const isImdsShape = seen.configuration.settings?.imdsEndpoint.enabled === true;
  const windows = [...(isImdsShape ? [IMDS_WINDOW] : []), ...WINDOWS].filter(
    (window) => minutes < window.minutes,
  );
  if (windows.length === 0)
    return [ok('life-ok', 'The set lives longer than any client looks ahead', evidence)];
  return [
    warning('life-short', {
      finding: 'The set is near its end, and IMDS has given no newer one yet',
      evidence,
      consequence: `${windows.map(({ sdk, minutes: most, does }) => `Under ${most} minutes ${sdk} ${does}`).join('. ')}. The agent answers from memory; programs that read once have to be started again`,
      nextStep:
        'Wait: EC2 gives the next set at least five minutes before the end, and the agent asks for it every 15 s by then. If sets always live so short, something imitates IMDS: compare imds.endpoint',
    }),
  ];
}

/** Why there is no role is told by the finding about IMDS. */
function notServed({ agent }: Examination): readonly Finding[] {
  if (!agent.isUp) return [];
  const { phase, message = 'no check has ended yet', failed_checks } = agent.status;
  return [
    problem('not-served', {
      finding: 'The agent has nothing to serve',
      evidence: `phase ${phase}, ${failed_checks} failed checks: ${message}`,
      consequence: 'Every consumer is refused, on every surface',
      nextStep: 'See the finding about IMDS; rolekeeper wait returns as soon as there is a set again',
    }),
  ];
}
