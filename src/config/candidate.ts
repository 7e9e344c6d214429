import type { ConfigError } from './config-error.ts';
import type { SettingKey } from './settings.ts';
import type { Parsed } from './value-types.ts';

/** What one place says about one setting. */
export interface Candidate<Key extends string = SettingKey> {
  readonly key: Key;
  readonly place: Place;
  readonly parsed: Parsed<unknown>;
  /** The value as it was written, fit for an error. */
  readonly found: string;
}

export interface Place {
  /** A flag, a variable, a file's path, or `default`. */
  readonly source: string;
  readonly line?: number;
  readonly column?: number;
}

/** As in `Origins`. */
export function originOf({ source, line }: Place): string {
  return line === undefined ? source : `${source}:${line}`;
}

export function errorsOf({ key, place, parsed, found }: Candidate<string>): ConfigError[] {
  return parsed.ok ? [] : [{ ...place, key, rule: parsed.rule, found, nextStep: parsed.nextStep }];
}
