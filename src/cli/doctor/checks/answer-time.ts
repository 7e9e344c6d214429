import type { Examination } from '../examination.ts';
import { type Finding, ok, warning } from '../finding.ts';
import { DEADLINES, type Limit } from '../sdk-facts.ts';

interface Timed {
  readonly what: string;
  readonly ms: number;
  readonly deadlines: readonly Limit[];
}

/** The surfaces', and for programs that ask it themselves, those of IMDS. */
export function checkAnswerTime({ surfaces, imds }: Examination): readonly Finding[] {
  const ofSurfaces = surfaces.flatMap(({ surface, answer }): Timed[] =>
    answer.kind === 'set' && (surface === 'imds_endpoint' || surface === 'container_endpoint')
      ? [{ what: surface, ms: answer.ms, deadlines: DEADLINES[surface] }]
      : [],
  );
  const ofImds = (imds?.exchanges ?? []).flatMap(({ answer, ms, request }): Timed[] =>
    'status' in answer ? [{ what: `IMDS (${request})`, ms, deadlines: DEADLINES.imds_endpoint }] : [],
  );
  const timed = [...ofSurfaces, ...ofImds];
  if (timed.length === 0) return [];
  const late = timed.flatMap(({ what, ms, deadlines }) => {
    const missed = deadlines.filter(({ most }) => ms > most);
    return missed.length === 0
      ? []
      : [
          `${what} took ${ms} ms: ${missed.map(({ sdk, most }) => `${sdk} give up after ${most} ms`).join('; ')}`,
        ];
  });
  const slowest = Math.max(...timed.map(({ ms }) => ms));
  if (late.length === 0) {
    return [ok('time-ok', "Answers come within every SDK's deadline", `the slowest took ${slowest} ms`)];
  }
  return [
    warning('time-over', {
      finding: "Answers come later than some SDK's deadline",
      evidence: late.join('. '),
      consequence:
        'These give up, and report that there are no credentials; some then use IMDSv1 until they end',
      nextStep: late.some((each) => each.startsWith('IMDS'))
        ? 'Have programs ask rolekeeper, which answers from memory, instead of IMDS: rolekeeper env --for NAME. ethtool -S has linklocal_allowance_exceeded, which counts what EC2 dropped'
        : 'Look for what keeps the processors or the memory of this machine busy, and at CPUQuota= of the unit',
    }),
  ];
}
