/** Sections that can be there several times, as `[[files]]`: each a table of keys of its own. */
import type { ArrayRow } from './array-row.ts';
import type { Candidate } from './candidate.ts';
import type { ConfigError } from './config-error.ts';
import { entryValue, withArticle } from './entry-value.ts';
import { shownSetting } from './shown.ts';
import type { TomlEntry } from './toml-entries.ts';
import { unknownKey } from './unknown-key.ts';
import { quoted } from './value-types.ts';

export interface RowCandidate<Name extends string = string> extends Candidate<string> {
  readonly name: Name;
}

export interface ArraySection<Name extends string = string> {
  readonly header: TomlEntry;
  readonly candidates: readonly RowCandidate<Name>[];
  /** What is missing or unknown; what is wrong with a value is in its candidate. */
  readonly errors: readonly ConfigError[];
}

export interface ArraySections<Name extends string> {
  readonly sections: readonly ArraySection<Name>[];
  /** Something that is no such section at all. */
  readonly errors: readonly ConfigError[];
}

/** @param entries the ones below `section`; @param each what one of them is about, as in "one for each file" */
export function readArraySections<Name extends string>(
  source: string,
  section: string,
  each: string,
  rows: readonly ArrayRow<Name>[],
  entries: readonly TomlEntry[],
): ArraySections<Name> {
  const groups: TomlEntry[][] = [];
  for (const entry of entries) {
    if (entry.path.length === 1 && entry.kind === 'array of tables') groups.push([]);
    const isNone = entry.kind === 'array' && entry.items?.length === 0 && entry.path.length === 1;
    if (isNone) continue;
    const current = groups.at(-1);
    if (current === undefined) return { sections: [], errors: [notSections(source, section, each, entry)] };
    current.push(entry);
  }
  return { sections: groups.flatMap((group) => readSection(source, section, rows, group)), errors: [] };
}

function readSection<Name extends string>(
  source: string,
  section: string,
  rows: readonly ArrayRow<Name>[],
  [header, ...entries]: readonly TomlEntry[],
): ArraySection<Name>[] {
  if (header === undefined) return [];
  const isKnown = (entry: TomlEntry) => rows.some(({ name }) => name === entry.path[1]);
  const unknown = entries
    .filter((entry) => !isKnown(entry))
    .map((entry) => unknownKey(source, entry, entry.path.slice(0, 2)));
  const missing: ConfigError[] = [];
  const candidates: RowCandidate<Name>[] = [];
  for (const row of rows) {
    const entry = entries.find(({ path }) => path[1] === row.name);
    const candidate = entry === undefined ? defaultOf(section, row) : given(source, section, row, entry);
    if (candidate === undefined) missing.push(absent(source, section, header, row));
    else candidates.push(candidate);
  }
  return [{ header, candidates, errors: [...missing, ...unknown] }];
}

function given<Name extends string>(
  source: string,
  section: string,
  { name, type }: ArrayRow<Name>,
  entry: TomlEntry,
): RowCandidate<Name> {
  return {
    name,
    key: `${section}.${name}`,
    place: { source, ...entry.value },
    parsed: entryValue(type, name, entry),
    found: entry.written === '' ? 'a section' : shownSetting(entry.written),
  };
}

function defaultOf<Name extends string>(
  section: string,
  { name, type, default: text }: ArrayRow<Name>,
): RowCandidate<Name> | undefined {
  if (text === undefined) return undefined;
  const found = shownSetting(quoted(text));
  return { name, key: `${section}.${name}`, place: { source: 'default' }, parsed: type.parse(text), found };
}

function absent(
  source: string,
  section: string,
  header: TomlEntry,
  { name, type, example = '' }: ArrayRow,
): ConfigError {
  return {
    source,
    ...header.key,
    key: `${section}.${name}`,
    rule: `is missing: it ${type.rule}`,
    found: undefined,
    nextStep: `Write it below this [[${section}]], such as ${name} = ${quoted(example)}.`,
  };
}

function notSections(source: string, section: string, each: string, entry: TomlEntry): ConfigError {
  const found = entry.written === '' ? `[${section}]` : shownSetting(entry.written);
  const kind = entry.path.length > 1 ? 'table' : entry.kind;
  return {
    source,
    ...entry.key,
    key: section,
    rule: `must be sections, one for each ${each}, not ${withArticle(kind)}`,
    found,
    nextStep: `Write [[${section}]] on a line of its own above the keys of each.`,
  };
}
