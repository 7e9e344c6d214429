import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { Examination } from '../examination.ts';
import { type Finding, note, ok, warning } from '../finding.ts';

/** What the fast helper reads. Where it cannot, it asks the agent, which is slower and works as well. */
export function checkProcessFile({ agent, configuration, machine }: Examination): readonly Finding[] {
  if (!agent.isUp || !agent.status.serving) return [];
  const path = join(configuration.runtimeDirectory, 'credential-process.json');
  try {
    accessSync(path, constants.R_OK);
    return [ok('process-file-ok', 'The fast helper finds its file', path)];
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const told = {
      finding: 'The fast helper cannot read its file',
      evidence: `${path}: ${code}`,
      consequence:
        'credential_process works, and starts the whole command each time: 60 ms and 40 MB instead of 1 ms',
    };
    if (code === 'EACCES') {
      const nextStep = `uid ${machine.uid} has to be in the group of the file; where [[allow]] rules are configured it is for the agent alone, and nothing is to be done`;
      return [note('process-file-missing', { ...told, nextStep })];
    }
    const nextStep = 'The log of the agent says why it could not be written: journalctl -u rolekeeper';
    return [warning('process-file-missing', { ...told, nextStep })];
  }
}
