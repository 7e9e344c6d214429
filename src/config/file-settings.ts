import { type Candidate, errorsOf } from './candidate.ts';
import type { ConfigError } from './config-error.ts';
import { entryValue, withArticle } from './entry-value.ts';
import { FILES_SECTION } from './file-sink-settings.ts';
import { type GivenFileSink, readFilesSections } from './files-section.ts';
import type { RuleSettings } from './rule-settings.ts';
import { isOfRules, readRules } from './rules-section.ts';
import { fileSettingsOf, type SettingKey, sectionNames } from './settings.ts';
import { shownSetting, shownValue } from './shown.ts';
import { readToml, type TomlEntry } from './toml-entries.ts';
import { unknownKey } from './unknown-key.ts';

export interface FileSettings {
  readonly candidates: ReadonlyMap<SettingKey, Candidate>;
  readonly sinks: readonly GivenFileSink[];
  readonly rules: readonly RuleSettings[];
  /** In the order of the file. */
  readonly errors: readonly ConfigError[];
}

export const noFile: FileSettings = { candidates: new Map(), sinks: [], rules: [], errors: [] };

/** What a file's text says about which setting, and everything in it that does not fit the table. Never rejects. */
export async function readFileSettings(source: string, text: string): Promise<FileSettings> {
  const reading = await readToml(source, text);
  if (!reading.ok) return { ...noFile, errors: [reading.error] };
  const candidates = new Map<SettingKey, Candidate>();
  const errors = new Map<string, ConfigError>();
  const isSinks = ({ path }: TomlEntry) => path[0] === FILES_SECTION;
  const files = readFilesSections(source, reading.entries.filter(isSinks));
  const access = readRules(source, reading.entries.filter(isOfRules));
  for (const entry of reading.entries.filter((each) => !isSinks(each) && !isOfRules(each))) {
    const meaning = meaningOf(source, entry);
    if (meaning === undefined) continue;
    const found = 'parsed' in meaning ? errorsOf(meaning) : [meaning];
    if ('parsed' in meaning) candidates.set(meaning.key, meaning);
    for (const error of found) {
      const about = error.key ?? '';
      if (!errors.has(about)) errors.set(about, error);
    }
  }
  const all = [...errors.values(), ...files.errors, ...access.errors];
  return { candidates, sinks: files.sinks, rules: access.rules, errors: all.sort(byPlace) };
}

function byPlace(a: ConfigError, b: ConfigError): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
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
    parsed: entryValue(row.type, row.name, entry),
    found: entry.written === '' ? 'a section' : shownSetting(entry.written),
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
