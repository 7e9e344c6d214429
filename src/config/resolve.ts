import { type Candidate, errorsOf, originOf } from './candidate.ts';
import type { ConfigError } from './config-error.ts';
import { separateListeners } from './conflicts.ts';
import { type Environment, variable } from './environment.ts';
import { noFile, readFileSettings } from './file-settings.ts';
import { FILES_SECTION, type FileSinkSettingName } from './file-sink-settings.ts';
import type { GivenFileSink } from './files-section.ts';
import { redirectSomewhere } from './redirect.ts';
import { requireRules } from './required-rules.ts';
import type { RuleSettings } from './rule-settings.ts';
import { allSettings, camelCase, type NamedSetting, type SettingKey, type Settings } from './settings.ts';
import { shownSetting } from './shown.ts';
import { settleTimeouts } from './timeouts.ts';
import { unknownVariables } from './unknown-variables.ts';
import { quoted, type ValueType } from './value-types.ts';

export interface ConfigInput {
  /** The file's path, for messages, and its text. */
  readonly file?: { readonly path: string; readonly text: string } | undefined;
  readonly env: Environment;
  readonly flags: Flags;
}

/** What was given on the command line, by key: `{ 'imds.endpoint': 'ipv6' }`. */
export type Flags = { readonly [Key in SettingKey]?: string | undefined };

/** Where each value came from: `--imds-role`, a variable's name, `FILE:LINE` or `default`. */
export type Origins = Readonly<Record<SettingKey, string> & Record<FileSinkKey, string>>;

/** As in `files[0].path`: the first of the `[[files]]` is 0. */
export type FileSinkKey = `files[${number}].${FileSinkSettingName}`;

export type ConfigResult =
  | { readonly ok: true; readonly settings: Settings; readonly origins: Origins }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/**
 * The settings by order of precedence, or everything that is wrong with them. Every error in the file counts, also where
 * a flag or variable overrides the value: the file as a whole is to be right. A bad variable counts only where it would
 * be used. Never rejects, reads nothing but its arguments.
 */
export async function resolveSettings({ file, env, flags }: ConfigInput): Promise<ConfigResult> {
  const fromFile = file === undefined ? noFile : await readFileSettings(file.path, file.text);
  const given = allSettings.map(
    (row) => givenOf(row, flags, env) ?? fromFile.candidates.get(row.key) ?? defaultOf(row),
  );
  const chosen = requireRules(redirectSomewhere(separateListeners(settleTimeouts(given))), fromFile);
  const notYetCounted = chosen.filter((candidate) => candidate !== fromFile.candidates.get(candidate.key));
  const errors = [...fromFile.errors, ...notYetCounted.flatMap(errorsOf), ...unknownVariables(env)];
  return errors.length > 0 ? { ok: false, errors } : { ok: true, ...assembled(chosen, fromFile) };
}

/** By flag or variable. A flag set to nothing is meant; a variable set to nothing is not set. */
function givenOf(row: NamedSetting, flags: Flags, env: Environment): Candidate | undefined {
  const flag = flags[row.key];
  if (flag !== undefined) return candidate(row, row.flag, row.type, flag);
  for (const { name, type } of [{ name: row.variable, type: row.type }, ...(row.aws ?? [])]) {
    const text = variable(env, name);
    if (text !== undefined) return candidate(row, name, type, text);
  }
  return undefined;
}

function defaultOf(row: NamedSetting): Candidate {
  return candidate(row, 'default', row.type, row.default);
}

function candidate(row: NamedSetting, source: string, type: ValueType<unknown>, text: string): Candidate {
  const found = shownSetting(quoted(text));
  return { key: row.key, place: { source }, parsed: type.parse(text), found };
}

/** The casts are sound because `allSettings` and `Settings` are derived from the same table. */
function assembled(
  chosen: readonly Candidate[],
  { sinks, rules }: { sinks: readonly GivenFileSink[]; rules: readonly RuleSettings[] },
): { settings: Settings; origins: Origins } {
  const sections: Record<string, Record<string, unknown>> = {};
  const origins: Record<string, string> = {};
  for (const { key, place, parsed } of chosen) {
    if (!parsed.ok) continue;
    const [section = '', name = ''] = key.split('.').map(camelCase);
    sections[section] = { ...sections[section], [name]: parsed.value };
    origins[key] = originOf(place);
  }
  sinks.forEach((sink, index) => {
    for (const [name, origin] of Object.entries(sink.origins))
      origins[`${FILES_SECTION}[${index}].${name}`] = origin;
  });
  const settings = { ...sections, [FILES_SECTION]: sinks.map((sink) => sink.settings), rules };
  return { settings: settings as unknown as Settings, origins: origins as Origins };
}
