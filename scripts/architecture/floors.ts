import type { Finding } from './finding.ts';
import type { Import } from './imports.ts';
import type { SourceFile, SourceTree } from './source-tree.ts';

/** ARCHITECTURE.md, "Floors": the folders of `src`. Files directly in `src` are the composition, floor 3. */
const FLOOR_OF_FOLDER: Readonly<Record<string, number>> = {
  domain: 0,
  platform: 1,
  imds: 2,
  lifecycle: 2,
  delivery: 2,
  access: 2,
  client: 2,
  config: 2,
  network: 2,
  simulator: 2,
  cli: 4,
};
const COMPOSITION = 3;

/** A file imports only from its own folder and from lower floors. Types count: they couple as values do. */
export function* floors({ files }: SourceTree): Generator<Finding> {
  for (const file of files) {
    if (!file.path.startsWith('src/')) continue;
    if (floorOf(file.path) === undefined) {
      yield {
        ...at(file, 1),
        found: `${folderOf(file.path)} is on no floor`,
        remedy: 'Move the file, or add the folder to ARCHITECTURE.md and to scripts/architecture/floors.ts',
      };
    }
    for (const each of file.imports) yield* judged(file, each);
  }
}

function* judged(file: SourceFile, { path, specifier, line }: Import): Generator<Finding> {
  const where = at(file, line);
  if (specifier === undefined) {
    const remedy = 'Name the module in the text: what is loaded must be known before it runs';
    yield { ...where, found: 'imports a module whose name is computed', remedy };
  } else if (path === undefined) {
    if (folderOf(file.path) !== 'src/domain') return;
    const remedy = 'Take what is needed as a value: src/domain/ports.ts has the shapes';
    yield { ...where, found: `imports ${specifier}: the domain is pure, no package and no node:`, remedy };
  } else if (!path.startsWith('src/')) {
    if (path === 'package.json' && folderOf(file.path) === 'src/cli') return;
    yield { ...where, found: `imports ${path}, outside src`, remedy: 'Move what is shared into src' };
  } else if (folderOf(path) !== folderOf(file.path)) {
    yield* betweenFolders(file, path, line);
  }
}

function* betweenFolders(file: SourceFile, path: string, line: number): Generator<Finding> {
  const from = floorOf(file.path);
  const to = floorOf(path);
  if (from === undefined || to === undefined || to < from) return;
  yield {
    ...at(file, line),
    found:
      to === from
        ? `imports ${path}: parts on one floor (${from}) never import each other`
        : `imports ${path}, on floor ${to}, from floor ${from}`,
    remedy: 'Move what is shared to src/domain, or hand it over as a value from src/agent.ts',
  };
}

function floorOf(path: string): number | undefined {
  const [, folder, rest] = path.split('/');
  return rest === undefined ? COMPOSITION : FLOOR_OF_FOLDER[folder ?? ''];
}

function folderOf(path: string): string {
  const parts = path.split('/');
  return parts.slice(0, Math.min(2, parts.length - 1)).join('/');
}

function at(file: SourceFile, line: number) {
  return { path: file.path, line, rule: 'floors' };
}
