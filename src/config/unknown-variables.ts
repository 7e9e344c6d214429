import type { ConfigError } from './config-error.ts';
import { type Environment, variable } from './environment.ts';
import { FILES_SECTION } from './file-sink-settings.ts';
import { nearest } from './nearest.ts';
import { allSettings, sectionNames, variableName } from './settings.ts';
import { shown, shownValue } from './shown.ts';
import { quoted } from './value-types.ts';

/** Variables that are named like a setting of a section that exists, and are none: as wrong as unknown keys. */
export function unknownVariables(env: Environment): ConfigError[] {
  const known = allSettings.map((row) => row.variable);
  const prefixes = [...sectionNames, FILES_SECTION].map((section) => `${variableName(section)}_`);
  const unknown = Object.keys(env).filter(
    (name) =>
      variable(env, name) !== undefined &&
      !known.includes(name) &&
      prefixes.some((prefix) => name.startsWith(prefix)),
  );
  return unknown.map((name) => {
    const meant = nearest(name, known);
    return {
      source: shown(name, 60),
      key: undefined,
      rule: 'is not a variable that this version of rolekeeper knows',
      found: shownValue(name, quoted(variable(env, name) ?? '')),
      nextStep: nextStep(name, meant),
    };
  });
}

function nextStep(name: string, meant: string | undefined): string {
  if (meant !== undefined) return `Did you mean ${meant}?`;
  if (!name.startsWith(`${variableName(FILES_SECTION)}_`)) return 'Unset it.';
  return `Unset it: [[${FILES_SECTION}]] can only be written in the configuration file.`;
}
