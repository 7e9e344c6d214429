import { EXIT } from '../../src/cli/exit-codes.ts';
import { fileSinkSettings } from '../../src/config/file-sink-settings.ts';
import { DEFAULT_CONFIG_PATH } from '../../src/config/load.ts';
import { ruleSettings } from '../../src/config/rule-settings.ts';
import { allSettings } from '../../src/config/settings.ts';
import type { Verb } from './verbs.ts';

const exitMeanings: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'Done.',
  failure: 'A failure without a code of its own.',
  usage: 'Wrong arguments or configuration: nothing was started.',
  notRunning: 'No agent answers on the socket.',
  notPermitted: 'This user may not open the socket: it has to be a member of the group rolekeeper.',
  noRole: 'No role is attached to the instance, or it was detached.',
  notAvailable: 'No usable credentials now: not fetched yet, or expired.',
  timeout: 'No answer in time.',
  alreadyRunning: 'Another agent already runs in this directory.',
  otherRules: 'The packet rules in force are not the configured ones.',
  warned: 'The doctor found warnings, and nothing worse.',
  unwell: 'The doctor found a problem.',
};

const files: readonly (readonly [string, string])[] = [
  [DEFAULT_CONFIG_PATH, 'The configuration. Every key is optional; it is installed with the defaults.'],
  ['/run/rolekeeper/agent.sock', "The agent's HTTP interface, for root and members of the group rolekeeper."],
  ['/run/rolekeeper/credential-process.json', 'The answer that the fast helper prints.'],
  ['/run/rolekeeper/container-token', 'The token for the container endpoint.'],
  [
    '/usr/libexec/rolekeeper/credential-process',
    'The fast helper: what credential_process in an AWS profile should name.',
  ],
  ['/usr/share/doc/rolekeeper/', 'A page for each surface, and an example for units that need credentials.'],
];

/** rolekeeper(1) in man(7), from the tables that --help and the configuration are made of. */
export function manPage(verbs: readonly Verb[], version: string, date: string): string {
  return `${[
    `.TH ROLEKEEPER 1 ${date} "rolekeeper ${version}" "User Commands"`,
    '.SH NAME',
    'rolekeeper \\- the credential agent of an EC2 instance',
    '.SH SYNOPSIS',
    '.B rolekeeper',
    '.I COMMAND',
    '.RI [ OPTION ...]',
    '.SH DESCRIPTION',
    text(
      "One agent talks to the instance metadata service (IMDSv2 only), keeps the credentials of the attached role fresh, and hands them to the processes that may have them. The package's service runs it; members of the group rolekeeper may ask it.",
    ),
    '.SH COMMANDS',
    ...verbs.flatMap(command),
    '.SH CONFIGURATION',
    text(
      `${DEFAULT_CONFIG_PATH} is TOML. A value comes from the first of: its flag, its variable, AWS's own variable, the file, its default. \`rolekeeper config check\` says what is wrong, \`rolekeeper config show\` what is in force.`,
    ),
    ...allSettings.flatMap((row) =>
      item(row.key, [
        `${row.doc} ${sentence(row.type.rule)} Default: ${row.default || 'empty'}.`,
        `Flag ${row.flag}, variables ${[row.variable, ...(row.aws ?? []).map(({ name }) => name)].join(', ')}.`,
        ...(row.notInFile ? ['Not in the file.'] : []),
      ]),
    ),
    '.SS [[files]]',
    'One such section for each file that is kept up to date; there is none by default.',
    ...fileSinkSettings.flatMap(({ name, doc, type }) => item(name, [`${doc} ${sentence(type.rule)}`])),
    '.SS [[allow]] and [[deny]]',
    'Rules that say who may ask. What a rule leaves out is not asked.',
    ...ruleSettings.flatMap(({ name, doc, type }) => item(name, [`${doc} ${sentence(type.rule)}`])),
    '.SH EXIT STATUS',
    ...Object.entries(exitMeanings).flatMap(([name, meaning]) =>
      item(String(EXIT[name as keyof typeof EXIT]), [meaning]),
    ),
    '.SH FILES',
    ...files.flatMap(([path, meaning]) => item(path, [meaning])),
    '.SH SEE ALSO',
    '.BR systemctl (1),',
    '.BR journalctl (1)',
  ].join('\n')}\n`;
}

function command({ name, description, arguments: args, options }: Verb): readonly string[] {
  const operands = args.map((each) => {
    const shown = `${each.name().toUpperCase()}${each.variadic ? '...' : ''}`;
    return each.required ? shown : `[${shown}]`;
  });
  return [
    `.SS ${quoted(['rolekeeper', name, ...operands].join(' '))}`,
    text(sentence(description)),
    ...options.flatMap(({ flags, description: what, argChoices, defaultValue }) =>
      item(flags, [
        sentence(what),
        ...(argChoices === undefined ? [] : [`One of ${argChoices.join(', ')}.`]),
        ...(typeof defaultValue === 'string' ? [`Default: ${defaultValue}.`] : []),
      ]),
    ),
  ];
}

function item(term: string, sentences: readonly string[]): readonly string[] {
  return ['.TP', `.B ${quoted(term)}`, text(sentences.join(' '))];
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1).replace(/\.$/, '')}.`;
}

function quoted(words: string): string {
  return `"${text(words).replaceAll('"', '\\(dq')}"`;
}

/** What roff would take for more than text: backslashes, hyphens, and a control character at the beginning. */
function text(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll('’', '\\(cq')
    .replace(/^[.']/, '\\&$&');
}
