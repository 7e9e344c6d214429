import type { TomlEntry, TomlKind } from './toml-entries.ts';
import type { Parsed, ValueType } from './value-types.ts';

/** What an entry below `section.name` says: it has to be of the kind that its type has in a file. */
export function entryValue(type: ValueType<unknown>, name: string, entry: TomlEntry): Parsed<unknown> {
  const kind = entry.path.length > 2 ? 'table' : entry.kind;
  const refused = (otherKind: string, nextStep: string): Parsed<never> => ({
    ok: false,
    rule: `${type.rule}, as ${withArticle(type.fileKind)}${otherKind}`,
    nextStep,
  });
  if (kind !== type.fileKind) return refused(`, not as ${withArticle(kind)}`, nextStep(type, name, kind));
  if (type.parseItems === undefined) return type.parse(entry.text);
  if (entry.items !== undefined) return type.parseItems(entry.items);
  return refused(' of strings', 'Put each of its elements in double quotes.');
}

export function withArticle(kind: TomlKind): string {
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}

function nextStep(type: ValueType<unknown>, name: string, found: TomlKind): string {
  const isScalar = found !== 'table' && found !== 'array' && found !== 'array of tables';
  if (!isScalar) return `Write one value: ${name} = ….`;
  if (type.fileKind === 'string') return 'Put the value in double quotes.';
  if (type.fileKind === 'boolean') return 'Write true or false, without quotes.';
  return type.fileKind === 'array'
    ? 'Put it in square brackets, each word in double quotes.'
    : `Write ${name} = ….`;
}
