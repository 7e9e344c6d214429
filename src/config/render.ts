/** The table of settings as text for people: the file with all defaults, and what is in force. */
import type { ArrayRow } from './array-row.ts';
import { FILES_SECTION, fileSinkSettings } from './file-sink-settings.ts';
import { DEFAULT_CONFIG_PATH } from './load.ts';
import type { Origins } from './resolve.ts';
import { ruleSections, ruleSettings } from './rule-settings.ts';
import {
  allSettings,
  camelCase,
  fileSettingsOf,
  type NamedSetting,
  type Settings,
  sectionNames,
} from './settings.ts';
import { shown } from './shown.ts';
import { quoted, type ValueType } from './value-types.ts';

const WIDTH = 100;

/** TOML that says what is in force without a file. */
export function renderDefaultConfig(): string {
  return `${[header(), ...sectionNames.map(renderSection), renderRules(), renderFiles()].join('\n\n')}\n`;
}

/** One line each: `imds.endpoint = "auto"  (default)`. */
export function explainSettings(settings: Settings, origins: Origins): string {
  const lines = [
    ...allSettings.map((row) => ({
      value: `${row.key} = ${row.type.format(currentValue(settings, row))}`,
      origin: shown(origins[row.key]),
    })),
    ...settings.files.flatMap((sink, index) =>
      fileSinkSettings.map(({ name, type }) => {
        const key = `files[${index}].${name}` as const;
        const value = type.format(Reflect.get(sink, camelCase(name)));
        return { value: `${key} = ${value}`, origin: shown(origins[key] ?? 'default') };
      }),
    ),
    ...settings.rules.map((rule) => {
      const given = ruleSettings.filter(({ name }) => rule[name].length > 0);
      const keys = given.map(({ name, type }) => `${name} = ${type.format(rule[name])}`);
      return { value: `${rule.verdict}: ${keys.join(', ')}`, origin: shown(rule.place) };
    }),
  ];
  const width = Math.max(...lines.map(({ value }) => value.length));
  return lines.map(({ value, origin }) => `${value.padEnd(width)}  (${origin})\n`).join('');
}

function header(): string {
  return comment(
    `${DEFAULT_CONFIG_PATH}: every key is optional; these are the defaults. A value comes from the first of: its flag, its ROLEKEEPER_* variable, AWS's own variable, this file, its default. AWS_EC2_METADATA_DISABLED is meant for SDKs; rolekeeper, which reads IMDS for them, ignores it.`,
  );
}

function renderSection(section: string): string {
  return `[${section}]\n${fileSettingsOf(section).map(renderSetting).join('\n\n')}`;
}

function renderSetting(row: NamedSetting): string {
  const variables = [row.variable, ...(row.aws ?? []).map(({ name }) => name)].join(', ');
  const rule = sentence(row.type.rule);
  return [
    comment(`${row.doc} ${rule}`),
    comment(variables),
    `${row.name} = ${literal(row.type, row.default)}`,
  ].join('\n');
}

/** Commented out, with # and no blank: there is none by default. */
function renderFiles(): string {
  const about =
    'One such section for each file that is kept up to date, for programs that read their credentials from one. There is none by default.';
  return renderArraySection(about, FILES_SECTION, fileSinkSettings);
}

function renderRules(): string {
  const [first, ...others] = ruleSections;
  const about = `Who may ask, in any number of [[${first}]] and [[${others.join()}]] sections. Everything that a rule names must be true of a caller; at least one thing must be named. The first rule that fits decides, in the order of this file. Where no rule fits: denied if there is an [[allow]] for the surface, else allowed. What cannot be known of a caller fits no [[allow]] and every [[deny]]. There is none by default: file modes and tokens decide, which are asked for in any case.`;
  const rows = ruleSettings.map((row) => ({ ...row, default: row.example }));
  return renderArraySection(about, first, rows);
}

function renderArraySection(about: string, section: string, settings: readonly ArrayRow[]): string {
  const rows = settings.map(({ name, type, doc, default: text, example = '' }) =>
    [comment(`${doc} ${sentence(type.rule)}`), `#${name} = ${literal(type, text ?? example)}`].join('\n'),
  );
  return [`${comment(about)}\n#[[${section}]]`, ...rows].join('\n\n').replaceAll('\n\n', '\n#\n');
}

function sentence(rule: string): string {
  return `${rule.charAt(0).toUpperCase()}${rule.slice(1)}.`;
}

/** A default's text as it is, in TOML: `60s` is not turned into `1m`. */
function literal(type: ValueType<unknown>, text: string): string {
  if (type.fileKind === 'string') return quoted(text);
  const parsed = type.parse(text);
  return parsed.ok ? type.format(parsed.value) : text;
}

/** Lines of at most `WIDTH` characters, each with its #. */
function comment(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length + 3 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `# ${line}`).join('\n');
}

function currentValue(settings: Settings, row: NamedSetting): unknown {
  const section: unknown = Reflect.get(settings, camelCase(row.section));
  return typeof section === 'object' && section !== null
    ? Reflect.get(section, camelCase(row.name))
    : undefined;
}
