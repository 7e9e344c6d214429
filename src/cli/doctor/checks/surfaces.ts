import type { Examination } from '../examination.ts';
import { type Finding, note, ok, problem, unknown, warning } from '../finding.ts';
import type { SurfaceSeen } from '../look/surfaces.ts';

export function checkSurfaces({ surfaces, machine, agent }: Examination): readonly Finding[] {
  // That there is nothing to give is told once, and not by each surface.
  const isServing = agent.isUp && agent.status.serving;
  return surfaces
    .map((seen) => judged(seen, machine.uid))
    .filter(({ id }) => isServing || id !== 'surface-empty');
}

function judged({ surface, place, answer }: SurfaceSeen, uid: number): Finding {
  switch (answer.kind) {
    case 'set':
      return ok(
        'surface-ok',
        `${surface} gives the set`,
        `${place}: ${answer.bytes} bytes in ${answer.ms} ms`,
      );
    case 'unknown-port':
      return unknown('surface-port-unknown', {
        finding: `${surface} was not asked`,
        evidence: 'its port is 0: another one at each start',
        consequence: 'Consumers cannot be told where it is, either',
        nextStep: `Give it a port: listen in [${surface}]`,
      });
    case 'foreign':
      return problem('surface-foreign', {
        finding: `Something else answers where ${surface} should be`,
        evidence: `${place} answered ${answer.status}, and not as the agent does`,
        consequence: 'Programs that are led there fail, or trust another program with their requests',
        nextStep: `ss -ltnp shows whose port it is; the running agent may have been started with another configuration: systemctl restart rolekeeper`,
      });
    case 'failure':
      return answer.failure === 'unreachable'
        ? problem('surface-refused', {
            finding: `Nothing listens where ${surface} should be`,
            evidence: `${place}: ${answer.detail}`,
            consequence: 'Programs that are led there fail; some go on to IMDS without a word',
            nextStep:
              'The running agent has read another configuration, or this command has: systemctl restart rolekeeper, and compare rolekeeper config show',
          })
        : problem('surface-silent', {
            finding: `${surface} does not answer`,
            evidence: `${place}: ${answer.failure} (${answer.detail})`,
            consequence: 'Programs that are led there hang: the SDK for JavaScript v3 without an end',
            nextStep: 'systemctl status rolekeeper and its log; then systemctl restart rolekeeper',
          });
    case 'refusal':
      return refusal(surface, place, answer, uid);
  }
}

function refusal(
  surface: string,
  place: string,
  { status, code, message }: { status: number; code: string; message: string },
  uid: number,
): Finding {
  const evidence = `${place}: ${status === 0 ? '' : `${status} `}${code}: ${message}`;
  if (code === 'access-denied') {
    return note('surface-denied', {
      finding: `A rule keeps the set from uid ${uid} over ${surface}`,
      evidence,
      consequence: "This user's programs are refused there",
      nextStep: `rolekeeper access test --user ${uid} --surface ${surface} says by which rule`,
    });
  }
  if (surface === 'container_endpoint' && status === 401) {
    return problem('token-refused', {
      finding: 'The container endpoint does not take the token of its file',
      evidence,
      consequence: 'Every program that reads the token file is refused (401)',
      nextStep:
        'The file was altered, or is another agent’s: it is put right within a minute, or by systemctl restart rolekeeper. Compare --runtime-dir',
    });
  }
  return warning('surface-empty', {
    finding: `${surface} answers, and has nothing to give`,
    evidence,
    consequence: 'Programs that are led there are refused',
    nextStep: 'See the findings about IMDS and the agent',
  });
}
