import { KEYS } from '../../conflicting-variables.ts';
import type { Examination } from '../examination.ts';
import { type Finding, note, ok, warning } from '../finding.ts';

/** What programs would take before the agent. Names of variables, never values. */
export function checkShadowing({ shadowing, machine }: Examination): readonly Finding[] {
  const { profiles, processes, unreadable } = shadowing;
  const lasting = processes.filter(({ expiring }) => !expiring);
  const findings = [
    ...own(machine.env),
    ...profiles.map(({ user, file }) =>
      warning('shadow-profile', {
        finding: `A [default] profile with keys comes before the agent for ${user}`,
        evidence: `${file} has aws_access_key_id in its default profile`,
        consequence: `Programs of ${user} that are not told otherwise use those keys, and not the role`,
        nextStep: `Take the keys out of that profile, or rename it; credential_process in its place leads to the agent (rolekeeper config profile --name default)`,
      }),
    ),
    ...lasting.map(({ user, program, variables, pids, count }) =>
      warning('shadow-process', {
        finding: `${count === 1 ? 'A program was' : `${count} programs were`} started with credentials in the environment`,
        evidence: `${user}, ${program ?? 'a program that is not to be seen'}, pid ${pids.join(', ')}: ${variables.join(', ')}`,
        consequence: 'They use those and nothing else, and go on with them when the role changes',
        nextStep: `Take the variables out of where they are started (systemctl show -p Environment,EnvironmentFiles UNIT, /etc/environment), and start them again`,
      }),
    ),
    ...unseen(unreadable, machine.uid),
  ];
  const isClean = findings.every(({ severity }) => severity === 'note');
  const looked = `${processes.length - lasting.length} programs hold a set that ends by itself`;
  return isClean
    ? [ok('shadow-none', 'Nothing was found that comes before the agent', looked), ...findings]
    : findings;
}

function own(env: NodeJS.ProcessEnv): readonly Finding[] {
  const isGiven = env.AWS_CREDENTIAL_EXPIRATION !== undefined;
  const names = [...KEYS, 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  const set = names.filter((name) => (env[name] ?? '') !== '');
  if (set.length === 0 || isGiven) return [];
  return [
    warning('shadow-own', {
      finding: 'Variables of this shell come before the agent',
      evidence: `set here: ${set.join(', ')}`,
      consequence: 'Every AWS program that is started from here uses them, and not the role',
      nextStep: `unset ${set.join(' ')}`,
    }),
  ];
}

/** Root sees all that anybody can. */
function unseen(
  { users, processes }: Examination['shadowing']['unreadable'],
  uid: number,
): readonly Finding[] {
  if (uid === 0 || (users.length === 0 && processes === 0)) return [];
  const files = users.length === 0 ? [] : [`files of ${users.join(', ')}`];
  return [
    note('shadow-unseen', {
      finding: 'Some files and environments are closed to this user',
      evidence: [...files, ...(processes === 0 ? [] : [`environments of ${processes} processes`])].join('; '),
      consequence: 'Whether they hold keys that come before the agent is not known',
      nextStep: 'Run rolekeeper doctor as root',
    }),
  ];
}
