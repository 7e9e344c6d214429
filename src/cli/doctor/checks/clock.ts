import type { Examination } from '../examination.ts';
import { type Finding, ok, problem, unknown, warning } from '../finding.ts';

/** As in the journal: worth telling. */
const WARN_S = 60;
/** AWS Signature Version 4: a request may be five minutes old. */
const REFUSED_S = 300;

export function checkClock({ imds, agent }: Examination): readonly Finding[] {
  const own = imds?.outcome.facts.skewMs;
  const ofAgent = agent.isUp ? agent.status.last_check?.clock_skew_s : undefined;
  const seconds = own === undefined ? ofAgent : Math.round(own / 1_000);
  if (seconds === undefined) {
    return [
      unknown('clock-unknown', {
        finding: 'Whether the clock is right cannot be said',
        evidence: 'no answer of IMDS carried a Date header',
        consequence: 'None by itself. Over five minutes off, AWS refuses every signature',
        nextStep: 'timedatectl (or chronyc tracking) says what this machine thinks of its clock',
      }),
    ];
  }
  const size = Math.abs(seconds);
  const how = `the Date header of IMDS is ${size} s ${seconds < 0 ? 'behind' : 'ahead of'} this machine's clock`;
  if (size <= WARN_S) return [ok('clock-ok', 'The clock agrees with IMDS', how)];
  const told = {
    finding: `This machine's clock is ${size} s ${seconds < 0 ? 'fast' : 'slow'}`,
    evidence: how,
    nextStep: 'systemctl restart chrony (or systemd-timesyncd); on EC2 the time server is 169.254.169.123',
  };
  return size > REFUSED_S
    ? [
        problem('clock-skew', {
          ...told,
          consequence:
            'AWS refuses signatures that are over five minutes off (SignatureDoesNotMatch, RequestTimeTooSkewed), whatever the credentials',
        }),
      ]
    : [
        warning('clock-skew', {
          ...told,
          consequence:
            'AWS refuses signatures once it is over five minutes, and clients misjudge expirations already',
        }),
      ];
}
