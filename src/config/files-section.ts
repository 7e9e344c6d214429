import { type Candidate, errorsOf, originOf } from './candidate.ts';
import type { ConfigError } from './config-error.ts';
import { entryValue, withArticle } from './entry-value.ts';
import {
  FILES_SECTION,
  type FileSinkSettingName,
  type FileSinkSettings,
  fileSinkSettings,
  type NamedFileSinkSetting,
} from './file-sink-settings.ts';
import { camelCase } from './setting.ts';
import { shownSetting } from './shown.ts';
import type { TomlEntry } from './toml-entries.ts';
import { unknownKey } from './unknown-key.ts';
import { quoted } from './value-types.ts';

/** One `[[files]]` section, and where each of its values came from: `FILE:LINE` or `default`. */
export interface GivenFileSink {
  readonly settings: FileSinkSettings;
  readonly origins: Readonly<Record<FileSinkSettingName, string>>;
}

export interface FilesReading {
  /** Only the ones without errors. */
  readonly sinks: readonly GivenFileSink[];
  readonly errors: readonly ConfigError[];
}

/** What the file says below `files`. */
export function readFilesSections(source: string, entries: readonly TomlEntry[]): FilesReading {
  const sections: TomlEntry[][] = [];
  for (const entry of entries) {
    if (entry.path.length === 1 && entry.kind === 'array of tables') sections.push([]);
    const isNone = entry.kind === 'array' && entry.items?.length === 0 && entry.path.length === 1;
    if (isNone) continue;
    const current = sections.at(-1);
    if (current === undefined) return { sinks: [], errors: [notSections(source, entry)] };
    current.push(entry);
  }
  const readings = sections.map((section) => readSection(source, section));
  const errors = [...readings.flatMap((reading) => reading.errors), ...repeatedPaths(readings)];
  return {
    sinks: errors.length > 0 ? [] : readings.flatMap(({ candidates }) => assembled(candidates)),
    errors,
  };
}

type SinkCandidate = Candidate<`files.${FileSinkSettingName}`> & { readonly name: FileSinkSettingName };

interface SectionReading {
  readonly candidates: readonly SinkCandidate[];
  readonly errors: readonly ConfigError[];
}

function readSection(source: string, [header, ...entries]: readonly TomlEntry[]): SectionReading {
  if (header === undefined) return { candidates: [], errors: [] };
  const isKnown = (entry: TomlEntry) => fileSinkSettings.some(({ name }) => name === entry.path[1]);
  const unknown = entries
    .filter((entry) => !isKnown(entry))
    .map((entry) => unknownKey(source, entry, entry.path.slice(0, 2)));
  const missing: ConfigError[] = [];
  const candidates: SinkCandidate[] = [];
  for (const row of fileSinkSettings) {
    const entry = entries.find(({ path }) => path[1] === row.name);
    const candidate = entry === undefined ? defaultOf(row) : given(source, row, entry);
    if (candidate === undefined) missing.push(absent(source, header, row));
    else candidates.push(candidate);
  }
  const settled = settleProfile(candidates);
  return { candidates: settled, errors: [...missing, ...unknown, ...settled.flatMap(errorsOf)] };
}

function given(source: string, { name, type }: NamedFileSinkSetting, entry: TomlEntry): SinkCandidate {
  return {
    name,
    key: `files.${name}`,
    place: { source, ...entry.value },
    parsed: entryValue(type, name, entry),
    found: entry.written === '' ? 'a section' : shownSetting(entry.written),
  };
}

function defaultOf({ name, type, default: text }: NamedFileSinkSetting): SinkCandidate | undefined {
  if (text === undefined) return undefined;
  const found = shownSetting(quoted(text));
  return { name, key: `files.${name}`, place: { source: 'default' }, parsed: type.parse(text), found };
}

function absent(
  source: string,
  header: TomlEntry,
  { name, type, example = '' }: NamedFileSinkSetting,
): ConfigError {
  return {
    source,
    ...header.key,
    key: `files.${name}`,
    rule: `is missing: it ${type.rule}`,
    found: undefined,
    nextStep: `Write it below this [[files]], such as ${name} = ${quoted(example)}.`,
  };
}

/** A profile is a part of one format only. */
function settleProfile(candidates: readonly SinkCandidate[]): readonly SinkCandidate[] {
  const format = candidates.find(({ name }) => name === 'format')?.parsed;
  if (!format?.ok || format.value === 'shared-credentials') return candidates;
  const rule = `is for shared-credentials only, and the format of this file is ${format.value}`;
  return candidates.map((each) =>
    each.name === 'profile' && each.place.source !== 'default'
      ? { ...each, parsed: { ok: false, rule, nextStep: 'Remove it.' } }
      : each,
  );
}

function repeatedPaths(readings: readonly SectionReading[]): ConfigError[] {
  const first = new Map<unknown, SinkCandidate>();
  return readings.flatMap(({ candidates }) => {
    const path = candidates.find(({ name }) => name === 'path');
    if (!path?.parsed.ok) return [];
    const earlier = first.get(path.parsed.value);
    if (earlier === undefined) {
      first.set(path.parsed.value, path);
      return [];
    }
    const rule = `must be another file for each [[files]]; ${originOf(earlier.place)} writes this one already`;
    return errorsOf({
      ...path,
      parsed: { ok: false, rule, nextStep: 'Write another path, or remove one of the two.' },
    });
  });
}

/** The casts are sound because each row of the table has a candidate here. */
function assembled(candidates: readonly SinkCandidate[]): GivenFileSink {
  return {
    settings: Object.fromEntries(
      candidates.map(({ name, parsed }) => [camelCase(name), parsed.ok ? parsed.value : undefined]),
    ) as unknown as FileSinkSettings,
    origins: Object.fromEntries(
      candidates.map(({ name, place }) => [name, originOf(place)]),
    ) as unknown as GivenFileSink['origins'],
  };
}

function notSections(source: string, entry: TomlEntry): ConfigError {
  const found = entry.written === '' ? `[${FILES_SECTION}]` : shownSetting(entry.written);
  const kind = entry.path.length > 1 ? 'table' : entry.kind;
  return {
    source,
    ...entry.key,
    key: FILES_SECTION,
    rule: `must be sections, one for each file, not ${withArticle(kind)}`,
    found,
    nextStep: `Write [[${FILES_SECTION}]] on a line of its own above the keys of each.`,
  };
}
