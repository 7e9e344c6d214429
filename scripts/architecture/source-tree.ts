import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'rolldown/utils';
import { type Import, importsOf } from './imports.ts';
import type { Node } from './syntax.ts';

export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly program: Node;
  readonly imports: readonly Import[];
  /** The line, from 1, of an offset into the text. */
  lineAt(offset: number): number;
}

export interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface SourceTree {
  /** Every file of `src`, `test` and `scripts`, and those of the root itself. */
  readonly paths: readonly string[];
  /** The TypeScript ones among them, parsed. */
  readonly files: readonly SourceFile[];
  readonly manifest: Manifest;
  /** The tools' own configuration: the JSON files of the root, besides npm's, as one text. */
  readonly toolSettings: string;
  /** The commands that an installed package brings; its own name's last part where it is not installed. */
  commandsOf(packageName: string): readonly string[];
}

/** Throws where a file is not TypeScript: `tsc` says that better, and runs before. */
export function readSourceTree(root: string): SourceTree {
  const paths = [...filesIn(root, '', isOwn)].sort();
  return {
    paths,
    files: paths.filter((path) => path.endsWith('.ts')).map((path) => readSource(root, path)),
    manifest: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
    toolSettings: readdirSync(root)
      .filter((name) => name.endsWith('.json') && !name.startsWith('package'))
      .map((name) => readFileSync(join(root, name), 'utf8'))
      .join('\n'),
    commandsOf(packageName) {
      const path = join(root, 'node_modules', packageName, 'package.json');
      const ownName = posix.basename(packageName);
      if (!existsSync(path)) return [ownName];
      const { bin } = JSON.parse(readFileSync(path, 'utf8'));
      if (bin === undefined) return [];
      return typeof bin === 'string' ? [ownName] : Object.keys(bin);
    },
  };
}

/** A test hands over its files as they are, without a directory. */
export function sourceFile(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text, { lang: path.endsWith('.d.ts') ? 'dts' : 'ts' });
  const [error] = errors;
  if (error !== undefined) throw new Error(`Cannot parse ${path}: ${error.message}`);
  const root = program as unknown as Node;
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  const lineAt = (offset: number) => lineStarts.findLastIndex((start) => start <= offset) + 1;
  return { path, text, program: root, imports: importsOf(path, root, lineAt), lineAt };
}

function readSource(root: string, path: string): SourceFile {
  return sourceFile(path, readFileSync(join(root, path), 'utf8'));
}

function isOwn(entry: Dirent, folder: string): boolean {
  if (folder !== '') return true;
  return entry.isDirectory() ? ['src', 'test', 'scripts'].includes(entry.name) : entry.name.endsWith('.ts');
}

function* filesIn(
  root: string,
  folder: string,
  isWanted: (entry: Dirent, folder: string) => boolean,
): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = posix.join(folder, entry.name);
    if (!isWanted(entry, folder)) continue;
    if (entry.isDirectory()) yield* filesIn(root, path, isWanted);
    else yield path;
  }
}
