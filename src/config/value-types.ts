import { formatDuration, parseDuration } from '../domain/duration.ts';
import { nearest } from './nearest.ts';
import type { TomlKind } from './toml-entries.ts';

/** How one kind of value is read and written. Flags, variables and quoted values of the file share the text form. */
export interface ValueType<T> {
  /** The kind of TOML value that holds it in the file. */
  readonly fileKind: TomlKind;
  /** Completes "must be …". */
  readonly rule: string;
  parse(text: string): Parsed<T>;
  /** Of a list: its elements as the file's array gives them, in which a comma is a letter like any other. */
  parseItems?(items: readonly string[]): Parsed<T>;
  /** The value as a TOML literal; what `parse` made of a text means the same when read again. */
  format(value: T): string;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      /** The rule that was broken, completing "must be …" or "must not …". */
      readonly rule: string;
      /** A whole sentence. */
      readonly nextStep: string;
    };

/** The unit of every duration in `Settings`. */
export type Milliseconds = number;

export function oneOf<const T extends string>(...choices: readonly T[]): ValueType<T> {
  const rule = `must be ${listed(choices, 'or')}`;
  return {
    fileKind: 'string',
    rule,
    parse(text) {
      const choice = choices.find((each) => each === text);
      if (choice !== undefined) return { ok: true, value: choice };
      const meant = nearest(text.toLowerCase(), choices);
      const nextStep = meant === undefined ? 'Write one of these words.' : `Did you mean ${meant}?`;
      return { ok: false, rule, nextStep };
    },
    format: quoted,
  };
}

/** Yes or no. */
export const trueOrFalse: ValueType<boolean> = {
  fileKind: 'boolean',
  rule: 'must be true or false',
  parse(text) {
    if (text === 'true' || text === 'false') return { ok: true, value: text === 'true' };
    return { ok: false, rule: trueOrFalse.rule, nextStep: 'Write one of these words.' };
  },
  format: String,
};

/** `least` and `most` as durations are written, both allowed. */
export function durationBetween(least: string, most: string): ValueType<Milliseconds> {
  const bounds = { least: boundOf(least), most: boundOf(most) };
  const rule = `must be a duration from ${least} to ${most}`;
  return {
    fileKind: 'string',
    rule,
    parse(text) {
      const value = parseDuration(text);
      if (value === undefined) {
        const nextStep = 'Write one number and one unit (ms, s, m or h) without a space, such as 90s.';
        return { ok: false, rule, nextStep };
      }
      if (value >= bounds.least && value <= bounds.most) return { ok: true, value };
      return {
        ok: false,
        rule,
        nextStep: `Write a ${value < bounds.least ? 'longer' : 'shorter'} duration.`,
      };
    },
    format: (value) => quoted(formatDuration(value)),
  };
}

/** A whole number, both bounds allowed. */
export function wholeNumber(least: number, most: number): ValueType<number> {
  const rule = `must be a whole number from ${least} to ${most}`;
  return {
    fileKind: 'integer',
    rule,
    parse(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= least && value <= most) return { ok: true, value };
      return { ok: false, rule, nextStep: 'Write such a number in digits.' };
    },
    format: String,
  };
}

/**
 * A TOML array of strings; in flags and variables the same with commas between, and nothing for none. `rule` and
 * `check` are about the list as a whole: `check` gives what is wrong with it.
 */
export function textList(
  rule: string,
  check: (items: readonly string[]) => Parsed<never> | undefined,
): ValueType<readonly string[]> {
  const parseItems = (items: readonly string[]): Parsed<readonly string[]> =>
    check(items) ?? { ok: true, value: items };
  return {
    fileKind: 'array',
    rule,
    parse: (text) => parseItems(text === '' ? [] : text.split(',').map((item) => item.trim())),
    parseItems,
    format: (items) => `[${items.map(quoted).join(', ')}]`,
  };
}

/** A TOML basic string: JSON's string syntax is a part of TOML's, except that JSON lets a bare DEL through. */
export function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007f');
}

/** `a`, `a or b`, `a, b or c`. */
export function listed(items: readonly string[], conjunction: 'and' | 'or'): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${conjunction} ${items.slice(-1).join('')}`;
}

function boundOf(text: string): Milliseconds {
  const bound = parseDuration(text);
  if (bound === undefined) throw new TypeError(`Cannot bound a duration by '${text}': it is no duration`);
  return bound;
}
