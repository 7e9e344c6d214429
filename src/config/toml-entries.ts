/**
 * TOML text as a flat list of what it says and where. The parser is loaded at the first use: most starts have no file.
 */
import type { AST } from 'toml-eslint-parser';
import type { ConfigError } from './config-error.ts';
import { shownValue } from './shown.ts';

/** What stands behind a key. */
export type TomlKind =
  | 'string'
  | 'integer'
  | 'float'
  | 'boolean'
  | 'date or time'
  | 'array'
  | 'table'
  | 'array of tables';

export interface TomlEntry {
  /** The key with its section, one part each. Elements of an array of tables all have the path of the array. */
  readonly path: readonly string[];
  readonly kind: TomlKind;
  /** A string's content; of everything else what was written. */
  readonly text: string;
  /** The elements of an array that are strings; undefined where one is not, and for everything else. */
  readonly items?: readonly string[] | undefined;
  /** As it was written, quotes included; empty for a section's header. */
  readonly written: string;
  readonly key: Position;
  readonly value: Position;
}

/** Both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type TomlReading =
  | { readonly ok: true; readonly entries: readonly TomlEntry[] }
  | { readonly ok: false; readonly error: ConfigError };

/** Settings are `section.key`: an inline table deeper than that is an entry by itself, whatever it holds. */
const SECTION_DEPTH = 1;

/** Never rejects: text that is no TOML 1.0 is the one error that it returns. */
export async function readToml(path: string, text: string): Promise<TomlReading> {
  const { parseTOML } = await import('toml-eslint-parser');
  const toml = text.startsWith('\ufeff') ? text.slice(1) : text;
  try {
    const program = parseTOML(toml, { tomlVersion: '1.0' });
    return { ok: true, entries: program.body[0].body.flatMap((node) => entriesOf(node, [], toml)) };
  } catch (error) {
    return { ok: false, error: syntaxError(path, toml, error) };
  }
}

function entriesOf(
  node: AST.TOMLTable | AST.TOMLKeyValue,
  outer: readonly string[],
  toml: string,
): TomlEntry[] {
  const path = [
    ...outer,
    ...node.key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value)),
  ];
  const key = positionOf(node.key);
  if (node.type === 'TOMLTable') {
    const kind = node.kind === 'array' ? 'array of tables' : 'table';
    const header: TomlEntry = { path, kind, text: '', written: '', key, value: key };
    return [header, ...node.body.flatMap((inner) => entriesOf(inner, path, toml))];
  }
  const { value } = node;
  const written = toml.slice(...value.range);
  const text = value.type === 'TOMLValue' && value.kind === 'string' ? value.value : written;
  const entry: TomlEntry = {
    path,
    kind: kindOf(value),
    text,
    items: itemsOf(value),
    written,
    key,
    value: positionOf(value),
  };
  if (value.type !== 'TOMLInlineTable' || path.length > SECTION_DEPTH) return [entry];
  return [entry, ...value.body.flatMap((inner) => entriesOf(inner, path, toml))];
}

function itemsOf(value: AST.TOMLContentNode): readonly string[] | undefined {
  if (value.type !== 'TOMLArray') return undefined;
  const items = value.elements.flatMap((each) =>
    each.type === 'TOMLValue' && each.kind === 'string' ? [each.value] : [],
  );
  return items.length === value.elements.length ? items : undefined;
}

function kindOf(value: AST.TOMLContentNode): TomlKind {
  if (value.type === 'TOMLArray') return 'array';
  if (value.type === 'TOMLInlineTable') return 'table';
  switch (value.kind) {
    case 'string':
    case 'integer':
    case 'float':
    case 'boolean':
      return value.kind;
    default:
      return 'date or time';
  }
}

function positionOf(node: AST.HasLocs): Position {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 };
}

/** The parser throws its own ParseError, or a RangeError when text nests too deeply or one string is endless. */
function syntaxError(path: string, toml: string, error: unknown): ConfigError {
  const base = { source: path, key: undefined };
  if (!(error instanceof SyntaxError) || !('index' in error) || typeof error.index !== 'number') {
    return {
      ...base,
      rule: 'must be TOML that the parser can hold: a value is too long or nested too deeply',
      found: undefined,
      nextStep: 'Remove that value: no setting is longer than a line.',
    };
  }
  const offset = placeOfFault(toml, error.index);
  const lineStart = toml.slice(0, offset).lastIndexOf('\n') + 1;
  const line = toml.slice(lineStart).split('\n', 1)[0]?.trim() ?? '';
  return {
    ...base,
    line: toml.slice(0, offset).split('\n').length,
    column: offset - lineStart + 1,
    rule: `must be valid TOML: ${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`,
    found: shownValue(line, line),
    nextStep: 'Correct it; a setting is one line, KEY = VALUE, with text in double quotes.',
  };
}

/** A key without a value is only noticed on the next line: back to where the value is missing. */
function placeOfFault(toml: string, noticed: number): number {
  const before = toml.slice(0, noticed);
  if (!/\n[ \t]*$/.test(before)) return noticed;
  const end = before.trimEnd();
  const line = end.slice(end.lastIndexOf('\n') + 1);
  return /^\s*[\w."'-]+$|^[^#=]*=\s*(#.*)?$/.test(line) ? end.length : noticed;
}
