import type { Finding } from './finding.ts';
import type { SourceFile, SourceTree } from './source-tree.ts';

/** No file of `src` or `scripts` imports itself by way of others. Types count; what is loaded while it runs does not. */
export function* cycles({ files }: SourceTree): Generator<Finding> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reported = new Set<string>();
  for (const file of files) {
    const way = wayBack(file.path, byPath);
    if (way === undefined) continue;
    const circle = [...new Set(way)].sort().join(' ');
    if (reported.has(circle)) continue;
    reported.add(circle);
    yield {
      path: file.path,
      line: lineOfImport(file, way[1] ?? file.path),
      rule: 'cycles',
      found: `imports itself: ${way.join(' → ')}`,
      remedy: 'Move what both ends need into a file of its own',
    };
  }
}

/** The shortest way from a file over its imports to itself. */
function wayBack(start: string, byPath: ReadonlyMap<string, SourceFile>): readonly string[] | undefined {
  const ways: (readonly string[])[] = [[start]];
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const { path, kind } of byPath.get(way.at(-1) ?? '')?.imports ?? []) {
      if (path === start && kind !== 'dynamic') return [...way, start];
      if (path === undefined || kind === 'dynamic' || seen.has(path)) continue;
      seen.add(path);
      ways.push([...way, path]);
    }
  }
  return undefined;
}

function lineOfImport(file: SourceFile, path: string): number {
  return file.imports.find((each) => each.path === path)?.line ?? 1;
}
