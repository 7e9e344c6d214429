import type { Examination } from '../examination.ts';
import { type Finding, note, ok, problem } from '../finding.ts';

export function checkConfiguration({ configuration, machine }: Examination): readonly Finding[] {
  const { errors, closedFile } = configuration;
  if (errors.length > 0) {
    return errors.map((error) =>
      problem('config-invalid', {
        finding: 'The configuration is wrong',
        evidence: error,
        consequence:
          'No agent starts with it; one that runs goes on with what it had read. The rest of this report leaves out what depends on it',
        nextStep: 'Correct it, see that rolekeeper config check says ok, then systemctl restart rolekeeper',
      }),
    );
  }
  if (closedFile !== undefined) {
    return [
      note('config-unreadable', {
        finding: 'This user may not read the configuration',
        evidence: `${closedFile} is there, and is closed to uid ${machine.uid}`,
        consequence: 'This report leaves out what depends on it: ports, groups, files and rules',
        nextStep: 'Run rolekeeper doctor as root',
      }),
    ];
  }
  return [ok('config-ok', 'The configuration is right', 'every key and value fits its rule')];
}
