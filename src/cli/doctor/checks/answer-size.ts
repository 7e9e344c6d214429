import type { Examination } from '../examination.ts';
import { type Finding, ok, warning } from '../finding.ts';
import { SIZES } from '../sdk-facts.ts';

export function checkAnswerSize({ surfaces }: Examination): readonly Finding[] {
  const sets = surfaces.flatMap(({ surface, answer }) =>
    answer.kind === 'set' ? [{ surface, bytes: answer.bytes }] : [],
  );
  if (sets.length === 0) return [];
  const over = sets.flatMap(({ surface, bytes }) =>
    SIZES[surface]
      .filter(({ most }) => bytes > most)
      .map(({ sdk, most }) => `${sdk}: ${most} bytes at most, ${surface} gives ${bytes}`),
  );
  const largest = Math.max(...sets.map(({ bytes }) => bytes));
  if (over.length === 0) {
    return [ok('size-ok', 'Every SDK takes answers of this size', `the largest has ${largest} bytes`)];
  }
  return [
    warning('size-over', {
      finding: 'Some SDKs cut or refuse answers of this size',
      evidence: over.join('; '),
      consequence: 'They fail to parse it and report no credentials',
      nextStep:
        "A session token grows with the session's tags and policies: have fewer of them, or lead these programs to a surface with a wider limit",
    }),
  ];
}
