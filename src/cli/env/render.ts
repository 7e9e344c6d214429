import { quoteForShell } from '../../domain/export-formats.ts';
import type { Plan, Value } from './plan.ts';

export const environmentFormats = ['sh', 'systemd', 'docker'] as const;
export type EnvironmentFormat = (typeof environmentFormats)[number];

/** The plan in one syntax. Undefined where a value cannot be written in it. */
export function renderPlan(format: EnvironmentFormat, plan: Plan): string | undefined {
  const values = plan.set.map(([, value]) => (typeof value === 'string' ? value : value.contentOf));
  if (values.some((value) => /[\0\r\n]/.test(value))) return undefined;
  const notes = plan.notes.map((note) => `# ${note}`);
  const variables = renderers[format](plan);
  // In sh the notes come last, where `eval $(…)` without quotes, which makes one line of it all, loses only them.
  const all = format === 'sh' ? [...variables, ...notes] : [...notes, ...variables];
  return all.map((line) => `${line}\n`).join('');
}

const renderers: Record<EnvironmentFormat, (plan: Plan) => readonly string[]> = {
  /** For `eval "$(…)"` and for profiles. A secret is read when the line is run, and stands in no file. */
  sh: ({ set, unset }) => [
    ...(unset.length === 0 ? [] : [`unset ${unset.join(' ')};`]),
    ...set.map(([name, value]) => `export ${name}=${shellValue(value)};`),
  ],
  /** A drop-in, systemd.exec(5). Everybody may read a unit's environment: secrets are only ever explained. */
  systemd: ({ set, unset }) => [
    '[Service]',
    '# Where the unit runs as a user of its own: SupplementaryGroups=rolekeeper',
    ...(unset.length === 0 ? [] : [`UnsetEnvironment=${unset.join(' ')}`]),
    ...set.map(([name, value]) =>
      typeof value === 'string'
        ? `Environment=${systemdWord(`${name}=${value}`)}`
        : `# ${name} is a secret, and units show theirs to everybody: ExecStart=/bin/sh -c '${name}="$$(cat ${value.contentOf})" exec COMMAND'`,
    ),
  ],
  /** For `docker run --env-file`: no quotes; a name alone is taken from docker's own environment. */
  docker: ({ set }) => [
    '# Needs --network host (elsewhere 127.0.0.1 is the container itself), and the runtime directory mounted',
    ...set.flatMap(([name, value]) =>
      typeof value === 'string'
        ? [`${name}=${value}`]
        : [`# Run docker with ${name}="$(cat ${value.contentOf})" before it`, name],
    ),
  ],
};

function shellValue(value: Value): string {
  if (typeof value !== 'string') return `"$(cat ${quoteForShell(value.contentOf)})"`;
  return /^[\w/.,:=@%+-]+$/.test(value) ? value : quoteForShell(value);
}

/** Within double quotes: C escapes, and percent signs are specifiers. */
function systemdWord(text: string): string {
  return `"${text.replaceAll(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
}
