import type { ConfigError } from './config-error.ts';
import { FILES_SECTION, fileSinkSettings } from './file-sink-settings.ts';
import { nearest } from './nearest.ts';
import { ruleSections, ruleSettings } from './rule-settings.ts';
import { allSettings, fileSettingsOf, sectionNames } from './settings.ts';
import { shownKey, shownValue } from './shown.ts';
import type { TomlEntry } from './toml-entries.ts';
import { listed } from './value-types.ts';

/** `path` is the part of the entry's path up to the first name that nothing is known by. */
export function unknownKey(source: string, entry: TomlEntry, path: readonly string[]): ConfigError {
  const key = shownKey(path);
  const isWhole = path.length === entry.path.length;
  return {
    source,
    ...entry.key,
    key,
    rule: `is not a ${isWhole && path.length > 1 ? 'key' : 'key or section'} that this version of rolekeeper knows`,
    found: isWhole && entry.written !== '' ? shownValue(key, entry.written) : undefined,
    nextStep: nextStep(path),
  };
}

function nextStep(path: readonly string[]): string {
  const [section = '', name] = path;
  const notInFile = allSettings.find((row) => row.notInFile && row.section === section && row.name === name);
  if (notInFile !== undefined) return `Remove it and set the variable ${notInFile.variable}.`;
  const meant = name === undefined ? meantAtTop(section) : meantIn(section, name);
  if (meant !== undefined) return `Did you mean ${meant}?`;
  const known = name === undefined ? allSections : namesIn(section);
  const where = name === undefined ? 'sections' : `keys of ${header(section)}`;
  return `Remove it; the ${where} are ${listed(known, 'and')}.`;
}

const arraySections: readonly string[] = [FILES_SECTION, ...ruleSections];
const allSections: readonly string[] = [...sectionNames, ...arraySections];

function namesIn(section: string): readonly string[] {
  if (section === FILES_SECTION) return fileSinkSettings.map(({ name }) => name);
  const isOfRules = ruleSections.some((each) => each === section);
  return (isOfRules ? ruleSettings : fileSettingsOf(section)).map(({ name }) => name);
}

function header(section: string): string {
  return arraySections.includes(section) ? `[[${section}]]` : `[${section}]`;
}

/** A section misspelled, or a key written above its section's header. */
function meantAtTop(name: string): string | undefined {
  const section = nearest(name, allSections);
  return section === undefined ? keyNamed(name) : header(section);
}

/** A key misspelled, or written into another section than its own. */
function meantIn(section: string, name: string): string | undefined {
  const meant = nearest(name, namesIn(section));
  return meant === undefined ? keyNamed(name) : `${section}.${meant}`;
}

/** Only a name that says which section it belongs to. */
function keyNamed(name: string): string | undefined {
  const [row, ...others] = allSettings.filter((each) => each.name === name && each.notInFile === undefined);
  const isOfFiles = fileSinkSettings.some((each) => each.name === name);
  if (row !== undefined && others.length === 0 && !isOfFiles) return row.key;
  return row === undefined && isOfFiles ? `${FILES_SECTION}.${name}` : undefined;
}
