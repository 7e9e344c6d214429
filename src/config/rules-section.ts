import { type SurfaceName, surfaceNames, unixSurfaceNames } from '../domain/caller.ts';
import { type ArraySection, readArraySections } from './array-sections.ts';
import { errorsOf, originOf } from './candidate.ts';
import type { ConfigError } from './config-error.ts';
import {
  type RuleSection,
  type RuleSettingName,
  type RuleSettings,
  ruleSections,
  ruleSettings,
} from './rule-settings.ts';
import type { TomlEntry } from './toml-entries.ts';

export interface RulesReading {
  /** In the order of the file; none where one has an error: half a list of rules is another list. */
  readonly rules: readonly RuleSettings[];
  readonly errors: readonly ConfigError[];
}

export function isOfRules({ path }: TomlEntry): boolean {
  return ruleSections.some((section) => section === path[0]);
}

/** What the file says below `allow` and `deny`. */
export function readRules(source: string, entries: readonly TomlEntry[]): RulesReading {
  const read = ruleSections.map((section) => ({
    section,
    ...readArraySections(
      source,
      section,
      'rule',
      ruleSettings,
      entries.filter(({ path }) => path[0] === section),
    ),
  }));
  const errors: ConfigError[] = [];
  const rules: (RuleSettings & { readonly line: number })[] = [];
  for (const { section, sections, errors: strays } of read) {
    errors.push(...strays);
    for (const each of sections.map(withoutEmpty)) {
      const wrong = [...each.errors, ...each.candidates.flatMap(errorsOf)];
      const rule = ruleOf(source, section, each);
      errors.push(...(wrong.length > 0 ? wrong : problemsOf(source, rule, each)));
      rules.push({ ...rule, line: each.header.key.line });
    }
  }
  if (errors.length > 0) return { rules: [], errors };
  return { rules: rules.sort((a, b) => a.line - b.line).map(({ line, ...rule }) => rule), errors };
}

/** A value that came out empty would make the rule fit more callers than meant. */
function withoutEmpty(section: ArraySection<RuleSettingName>): ArraySection<RuleSettingName> {
  const candidates = section.candidates.map((each) => {
    const { parsed, place } = each;
    const isEmpty = parsed.ok && (parsed.value as string | readonly string[]).length === 0;
    if (!isEmpty || place.source === 'default') return each;
    const nextStep = 'Write its value, or remove the key.';
    return { ...each, parsed: { ok: false, rule: 'must not be empty', nextStep } as const };
  });
  return { ...section, candidates };
}

/** The casts are sound for candidates without errors, and others are not used. */
function ruleOf(source: string, verdict: RuleSection, section: ArraySection<RuleSettingName>): RuleSettings {
  const value = (name: RuleSettingName) => {
    const parsed = section.candidates.find((each) => each.name === name)?.parsed;
    return parsed?.ok ? parsed.value : undefined;
  };
  const surfaces = (value('surfaces') ?? []) as readonly SurfaceName[];
  return {
    verdict,
    user: String(value('user') ?? ''),
    group: String(value('group') ?? ''),
    unit: String(value('unit') ?? ''),
    exe: String(value('exe') ?? ''),
    surfaces: surfaces.length === 0 ? surfaceNames : surfaces,
    place: originOf({ source, ...section.header.key }),
  };
}

/** What a rule as a whole can get wrong: each would be a rule that says less than its author thinks. */
function problemsOf(
  source: string,
  { verdict, user, group, unit, exe, surfaces }: RuleSettings,
  { header, candidates }: ArraySection<RuleSettingName>,
): ConfigError[] {
  const error = (rule: string, nextStep: string): ConfigError[] => [
    { source, ...header.key, key: verdict, rule, found: `[[${verdict}]]`, nextStep },
  ];
  if (user === '' && group === '' && unit === '' && exe === '') {
    return error('must name a user, group, unit or exe', 'Write one of these keys below it.');
  }
  if (verdict === 'allow' && exe !== '' && user === '' && group === '' && unit === '') {
    return error(
      'must name a user, group or unit beside exe: any user can start a program and keep its connection',
      'Add one of these keys.',
    );
  }
  const tcp = surfaces.filter((surface) => !unixSurfaceNames.includes(surface));
  if (tcp.length === 0 || (unit === '' && exe === '')) return [];
  const isGiven = candidates.some((each) => each.name === 'surfaces' && each.place.source !== 'default');
  return error(
    `must be about ${unixSurfaceNames.join(' and ')} alone: over TCP neither unit nor exe of a caller is known`,
    isGiven
      ? `Remove ${tcp.join(' and ')} from surfaces, or write a rule by user for it.`
      : `Add surfaces = ["${unixSurfaceNames.join('", "')}"].`,
  );
}
