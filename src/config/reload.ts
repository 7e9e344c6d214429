/** What a reload makes of a file that was changed. */
import { allSettings, camelCase, type NamedSetting, type Settings } from './settings.ts';

export interface Reload {
  /** What is in force from now on: the new values where they can be applied, the old ones elsewhere. */
  readonly settings: Settings;
  /** Keys of what has changed, by what it takes; `[[files]]` and the rules are one key each. */
  readonly applied: readonly string[];
  readonly needsRestart: readonly string[];
  readonly needsNetworkReload: readonly string[];
}

export function planReload(running: Settings, next: Settings): Reload {
  const changed = allSettings.filter((row) => text(valueIn(running, row)) !== text(valueIn(next, row)));
  const keysBy = (changes: NamedSetting['changes']) =>
    changed.filter((row) => row.changes === changes).map(({ key }) => key);
  const sections: Record<string, Record<string, unknown>> = {};
  for (const row of allSettings) {
    const section = camelCase(row.section);
    const value = valueIn(row.changes === 'by-reload' ? next : running, row);
    sections[section] = { ...sections[section], [camelCase(row.name)]: value };
  }
  const lists = [
    ...(text(running.files) === text(next.files) ? [] : ['[[files]]']),
    ...(text(rulesOf(running)) === text(rulesOf(next)) ? [] : ['[[allow]] and [[deny]]']),
  ];
  return {
    settings: { ...sections, files: next.files, rules: next.rules } as unknown as Settings,
    applied: [...keysBy('by-reload'), ...lists],
    needsRestart: keysBy(undefined),
    needsNetworkReload: keysBy('by-network-reload'),
  };
}

/** Without their lines in the file, which move whenever something above them does. */
function rulesOf({ rules }: Settings): readonly unknown[] {
  return rules.map(({ place: _, ...rule }) => rule);
}

function valueIn(settings: Settings, { section, name }: NamedSetting): unknown {
  const values: unknown = Reflect.get(settings, camelCase(section));
  return typeof values === 'object' && values !== null ? Reflect.get(values, camelCase(name)) : undefined;
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? '';
}
