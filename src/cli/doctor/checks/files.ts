import { readFileSync } from 'node:fs';
import { fileFormat } from '../../../domain/file-formats.ts';
import type { Examination } from '../examination.ts';
import { type Finding, note, ok, warning } from '../finding.ts';
import { processName, writersAmong } from '../look/processes.ts';

/** The configured files, and who else writes such. */
export function checkFiles(seen: Examination): readonly Finding[] {
  return [...configuredFiles(seen), ...otherWriters(seen)];
}

function configuredFiles({ agent, configuration }: Examination): readonly Finding[] {
  const files = agent.isUp ? (agent.status.files ?? []) : [];
  if (files.length === 0) return [];
  const wrong = files.flatMap(({ path, format, key_id, problem }): Finding[] => {
    if (problem !== undefined) {
      return [
        warning('file-not-written', {
          finding: `The file ${path} is not as it should be`,
          evidence: problem,
          consequence: 'Programs that read it go on with what is in it, or with nothing',
          nextStep: 'Do what the evidence says; the agent tries again by itself, within a minute',
        }),
      ];
    }
    const sink = configuration.settings?.files.find((each) => each.path === path);
    const found = keyTailIn(path, format, sink?.profile ?? 'default');
    if (key_id === undefined || found === undefined || found === key_id) return [];
    return [
      warning('file-altered', {
        finding: `Somebody else wrote into ${path}`,
        evidence: `the agent wrote the key ${key_id}, and ${found} is in it`,
        consequence: 'Its readers use another identity than the role, or a key that has ended',
        nextStep:
          'Find the writer (auditctl -w, or the finding other-writer), and give one of the two another file or another profile',
      }),
    ];
  });
  return wrong.length > 0
    ? wrong
    : [ok('files-ok', 'The configured files hold the set', files.map(({ path }) => path).join(', '))];
}

/** The last four characters of the key in it, as the agent tells its own; undefined: none, or not to be read. */
function keyTailIn(
  path: string,
  format: Parameters<typeof fileFormat>[0],
  profile: string,
): string | undefined {
  try {
    const set = fileFormat(format, profile).setIn(readFileSync(path, 'latin1'));
    return set === undefined ? undefined : `…${set.accessKeyId.slice(-4)}`;
  } catch {
    return undefined;
  }
}

function otherWriters({ processes, machine }: Examination): readonly Finding[] {
  const writers = writersAmong(processes);
  if (writers.length === 0) {
    return [
      ok(
        'writers-none',
        'No other program that writes credentials files was seen',
        `${processes.length} processes looked at`,
      ),
    ];
  }
  return [
    note('other-writer', {
      finding: 'Another program that writes credentials files is running',
      evidence: writers
        .map(({ process, writes }) => `${processName(process, machine)} (${writes})`)
        .join('; '),
      consequence:
        'What it writes into a [default] profile comes before the agent for every SDK of that user',
      nextStep:
        'See whether that file is there (the finding shadow-profile says so): switch the writing off, or name another profile in it',
    }),
  ];
}
