/** The table of settings as text for people: the file with all defaults, and what is in force. */
import { DEFAULT_CONFIG_PATH } from './load.ts';
import type { Origins } from './resolve.ts';
import {
  allSettings,
  camelCase,
  fileSettingsOf,
  type NamedSetting,
  type Settings,
  sectionNames,
} from './settings.ts';
import { shown } from './shown.ts';
import { quoted } from './value-types.ts';

const WIDTH = 100;

/** TOML that says what is in force without a file. */
export function renderDefaultConfig(): string {
  return `${[header(), ...sectionNames.map(renderSection)].join('\n\n')}\n`;
}

/** One line each: `imds.endpoint = "auto"  (default)`. */
export function explainSettings(settings: Settings, origins: Origins): string {
  const lines = allSettings.map((row) => ({
    value: `${row.key} = ${row.type.format(currentValue(settings, row))}`,
    origin: shown(origins[row.key]),
  }));
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
  const rule = `${row.type.rule.charAt(0).toUpperCase()}${row.type.rule.slice(1)}.`;
  const value = row.type.fileKind === 'string' ? quoted(row.default) : row.default;
  return [comment(`${row.doc} ${rule}`), comment(variables), `${row.name} = ${value}`].join('\n');
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
