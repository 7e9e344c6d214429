/**
 * One profile inside a credentials file that others edit too. Lines are read as Python's configparser reads them (boto,
 * the AWS CLI): it is the strictest of the readers, and the one that refuses a whole file for one bad line. Everything
 * that is not a key of ours in our profile stays as it is, byte for byte.
 */

/** A file's content, one character (U+0000 to U+00FF) a byte: whatever its encoding, nothing is lost. */
export type ByteText = string;

/** In the order in which they are written. */
export type ProfileKeys = readonly (readonly [key: string, value: string])[];

/** The names of the keys are ours in our profile, whatever their case. */
export interface OwnLines {
  readonly keys: ReadonlySet<string>;
  /** A comment of our own, without line end. */
  readonly remark: string;
}

/** The text with these keys in the profile, in place of the ones that it has; undefined: without them. */
export function withProfileKeys(
  text: ByteText,
  profile: string,
  keys: ProfileKeys | undefined,
  own: OwnLines,
): ByteText {
  const { bom, lines, lineEnd } = readLines(text);
  const sections = sectionsOf(lines);
  const mine = sections.filter((section) => section.name === profile);
  const written = keys && [own.remark, ...keys.map(([key, value]) => assignment(key, value))];
  const edited: Line[] = [];
  // From the end, because a section depends on which header follows it.
  for (const section of sections.toReversed()) {
    const block = section === mine[0] ? written : undefined;
    const lines =
      section.name === profile ? editSection(section, edited, block, own, lineEnd) : section.lines;
    edited.unshift(...lines);
  }
  if (mine.length === 0 && written !== undefined) {
    edited.push(...[`[${profile}]`, ...written].map((line) => lineOf(line, lineEnd)));
  }
  return bom + joined(edited, lineEnd, isFinished(text));
}

/** What the profile says, keys in lower case, an earlier section before a later one; undefined where it is not there. */
export function readProfile(text: ByteText, profile: string): ReadonlyMap<string, string> | undefined {
  const mine = sectionsOf(readLines(text).lines).filter(({ name }) => name === profile);
  if (mine.length === 0) return undefined;
  const values = new Map<string, string>();
  for (const line of mine.flatMap(({ lines }) => lines)) {
    if (line.kind === 'option' && !values.has(line.name)) values.set(line.name, line.value);
  }
  return values;
}

/** Why a text cannot be edited line by line as every reader of it understands it; undefined: it can. */
export function unreadable(text: ByteText): string | undefined {
  if (text.includes('\0')) return 'it holds NUL bytes and is no text';
  if (/\r(?!\n)/.test(text)) return 'its lines end in CR alone';
  const first = readLines(text).lines.find(({ kind }) => kind !== 'blank' && kind !== 'comment');
  return first === undefined || first.kind === 'header' ? undefined : 'it does not begin with a [profile]';
}

type Kind = 'blank' | 'comment' | 'header' | 'option' | 'continuation';

interface Line {
  readonly kind: Kind;
  /** Without its end. */
  readonly text: ByteText;
  readonly end: string;
  /** The blanks that it begins with. */
  readonly indent: string;
  /** Of a header the profile; of an option the key in lower case. */
  readonly name: string;
  /** Of an option. */
  readonly value: string;
}

interface Section {
  /** Undefined: what stands above the first header. */
  readonly name: string | undefined;
  readonly lines: readonly Line[];
}

/** Beyond ASCII a byte is a part of a letter. */
const LEADING_BLANKS = /^[ \t\v\f]+/;
const TRAILING_BLANKS = /[ \t\v\f]+$/;

function readLines(text: ByteText): { bom: string; lines: readonly Line[]; lineEnd: string } {
  const bom = text.startsWith('\xef\xbb\xbf') ? text.slice(0, 3) : '';
  const lines: Line[] = [];
  // A line that is indented deeper than the last option goes on with its value, whatever it looks like.
  let optionIndent: number | undefined;
  for (const [whole] of text.slice(bom.length).matchAll(/[^\n]*\n|[^\n]+/g)) {
    const end = /\r?\n$/.exec(whole)?.[0] ?? '';
    const line = lineOf(whole.slice(0, whole.length - end.length), end);
    const isText = line.kind === 'header' || line.kind === 'option';
    const isDeeper = optionIndent !== undefined && line.indent.length > optionIndent;
    if (isText && isDeeper) {
      lines.push({ ...line, kind: 'continuation' });
      continue;
    }
    lines.push(line);
    if (isText) optionIndent = line.kind === 'option' ? line.indent.length : undefined;
  }
  return { bom, lines, lineEnd: /\r?\n/.exec(text)?.[0] ?? '\n' };
}

function lineOf(text: ByteText, end: string): Line {
  const rest = text.replace(LEADING_BLANKS, '');
  const indent = text.slice(0, text.length - rest.length);
  const base = { text, end, indent, name: '', value: '' };
  if (rest === '') return { ...base, kind: 'blank' };
  if (/^[#;]/.test(rest)) return { ...base, kind: 'comment' };
  const header = /^\[([^\]]+)\][^\]]*$/.exec(rest)?.[1] ?? (/^\[.+\]/.test(rest) ? rest : undefined);
  if (header !== undefined) return { ...base, kind: 'header', name: header };
  const delimiter = rest.search(/[=:]|$/);
  const name = trimmed(rest.slice(0, delimiter)).toLowerCase();
  return { ...base, kind: 'option', name, value: trimmed(rest.slice(delimiter + 1)) };
}

function trimmed(text: string): string {
  return text.replace(LEADING_BLANKS, '').replace(TRAILING_BLANKS, '');
}

function sectionsOf(lines: readonly Line[]): readonly Section[] {
  let section: { name: string | undefined; lines: Line[] } = { name: undefined, lines: [] };
  const sections = [section];
  for (const line of lines) {
    if (line.kind === 'header') {
      section = { name: line.name, lines: [] };
      sections.push(section);
    }
    section.lines.push(line);
  }
  return sections;
}

function editSection(
  section: Section,
  following: readonly Line[],
  block: readonly string[] | undefined,
  own: OwnLines,
  lineEnd: string,
): readonly Line[] {
  const [header, ...body] = section.lines;
  if (header === undefined) return [];
  const kept = withoutOwn(body, own);
  const nextHeader = following.find(({ kind }) => kind === 'header');
  if (block !== undefined) {
    // As deep as what comes next: deeper, and a reader would take that for a part of our last value.
    const next = kept.find(({ kind }) => kind === 'option') ?? nextHeader;
    const end = header.end || lineEnd;
    return [header, ...block.map((line) => lineOf(`${next?.indent ?? ''}${line}`, end)), ...kept];
  }
  const isNeeded = kept.some(({ kind }) => kind === 'option') || (nextHeader?.indent ?? '') !== '';
  return isNeeded ? [header, ...kept] : kept;
}

function withoutOwn(body: readonly Line[], own: OwnLines): readonly Line[] {
  let isOwn: boolean | undefined;
  return body.filter((line) => {
    if (line.kind === 'option') isOwn = own.keys.has(line.name);
    if (line.kind === 'comment') return trimmed(line.text) !== own.remark;
    return line.kind === 'blank' || !isOwn;
  });
}

/** After blank and #, the SDK for JavaScript would read a comment. */
function assignment(key: string, value: string): string {
  return /^[#;]/.test(value) ? `${key}=${value}` : `${key} = ${value}`;
}

/** Whether the last line has an end; an empty text has nothing to end. */
function isFinished(text: ByteText): boolean {
  return text === '' || text.endsWith('\n');
}

/** A file whose last line had no end keeps that way of ending. */
function joined(lines: readonly Line[], lineEnd: string, finished: boolean): ByteText {
  const whole = lines.map(({ text, end }) => text + (end || lineEnd)).join('');
  return finished ? whole : whole.replace(/\r?\n$/, '');
}
