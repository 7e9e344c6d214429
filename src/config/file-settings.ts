import { type Candidate, errorsOf } from './candidate.ts';
import type { ConfigError } from './config-error.ts';
import { fileSettingsOf, type NamedSetting, type SettingKey, sectionNames } from './settings.ts';
import { shownValue } from './shown.ts';
import { readToml, type TomlEntry } from './toml-entries.ts';
import { unknownKey } from './unknown-key.ts';
import type { Parsed } from './value-types.ts';

export interface FileSettings {
  readonly candidates: ReadonlyMap<SettingKey, Candidate>;
  /** In the order of the file. */
  readonly errors: readonly ConfigError[];
}

export const noFile: FileSettings = { candidates: new Map(), errors: [] };

/** What a file's text says about which setting, and everything in it that does not fit the table. Never rejects. */
export async function readFileSettings(source: string, text: string): Promise<FileSettings> {
  const reading = await readToml(source, text);
  if (!reading.ok) return { candidates: new Map(), errors: [reading.error] };
  const candidates = new Map<SettingKey, Candidate>();
  const errors = new Map<string, ConfigError>();
  for (const entry of reading.entries) {
    const meaning = meaningOf(source, entry);
    if (meaning === undefined) continue;
    const found = 'parsed' in meaning ? errorsOf(meaning) : [meaning];
    if ('parsed' in meaning) candidates.set(meaning.key, meaning);
    for (const error of found) {
      const about = error.key ?? '';
      if (!errors.has(about)) errors.set(about, error);
    }
  }
  return { candidates, errors: [...errors.values()] };
}

/** Undefined for the header of a known section, which says nothing by itself. */
function meaningOf(source: string, entry: TomlEntry): Candidate | ConfigError | undefined {
  const [section = '', name] = entry.path;
  if (!sectionNames.includes(section)) return unknownKey(source, entry, [section]);
  if (name === undefined) return entry.kind === 'table' ? undefined : notASection(source, entry, section);
  const row = fileSettingsOf(section).find((each) => each.name === name);
  if (row === undefined) return unknownKey(source, entry, [section, name]);
  return {
    key: row.key,
    place: { source, ...entry.value },
    parsed: parse(row, entry),
    found: entry.written === '' ? 'a section' : shownValue(row.key, entry.written),
  };
}

function parse({ type, key }: NamedSetting, entry: TomlEntry): Parsed<unknown> {
  const kind = entry.path.length > 2 ? 'table' : entry.kind;
  if (kind === type.fileKind) return type.parse(entry.text);
  const article = type.fileKind === 'integer' ? 'an' : 'a';
  const nextStep =
    type.fileKind === 'string' && kind !== 'table' && kind !== 'array' && kind !== 'array of tables'
      ? 'Put the value in double quotes.'
      : `Write one value: ${key.slice(key.indexOf('.') + 1)} = ….`;
  return {
    ok: false,
    rule: `${type.rule}, as ${article} ${type.fileKind}, not as ${withArticle(kind)}`,
    nextStep,
  };
}

function notASection(source: string, entry: TomlEntry, section: string): ConfigError {
  return {
    source,
    ...entry.key,
    key: section,
    rule: `must be a section, not ${withArticle(entry.kind)}`,
    found: entry.written === '' ? `[[${section}]]` : shownValue(section, entry.written),
    nextStep: `Write [${section}] on a line of its own and its keys below.`,
  };
}

function withArticle(kind: TomlEntry['kind']): string {
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}
