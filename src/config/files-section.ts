import { type ArraySection, type RowCandidate, readArraySections } from './array-sections.ts';
import { errorsOf, originOf } from './candidate.ts';
import type { ConfigError } from './config-error.ts';
import {
  FILES_SECTION,
  type FileSinkSettingName,
  type FileSinkSettings,
  fileSinkSettings,
} from './file-sink-settings.ts';
import { camelCase } from './setting.ts';
import type { TomlEntry } from './toml-entries.ts';

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
  const read = readArraySections(source, FILES_SECTION, 'file', fileSinkSettings, entries);
  const readings = read.sections.map(settled);
  const errors = [
    ...read.errors,
    ...readings.flatMap((reading) => reading.errors),
    ...repeatedPaths(readings),
  ];
  return {
    sinks: errors.length > 0 ? [] : readings.map(({ candidates }) => assembled(candidates)),
    errors,
  };
}

type SinkCandidate = RowCandidate<FileSinkSettingName>;

interface SectionReading {
  readonly candidates: readonly SinkCandidate[];
  readonly errors: readonly ConfigError[];
}

function settled({ candidates, errors }: ArraySection<FileSinkSettingName>): SectionReading {
  const judged = settleProfile(candidates);
  return { candidates: judged, errors: [...errors, ...judged.flatMap(errorsOf)] };
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
