import type { Finding } from './finding.ts';
import type { SourceTree } from './source-tree.ts';

/** What it costs to import these for a value, and what to do instead. */
const COSTLY: Readonly<Record<string, string>> = {
  http: 'Use `http` of src/platform/http.ts',
  https: 'rolekeeper speaks HTTP to IMDS and to local processes only',
  http2: 'rolekeeper speaks HTTP/1.1 only',
  undici: 'src/imds/http-transport.ts asks IMDS by node:http, which the surfaces load anyway',
};

/** Start-up is a promise: these load a whole HTTP stack in every process that imports them. */
export function* costlyImports({ files }: SourceTree): Generator<Finding> {
  for (const { path, imports } of files) {
    if (!path.startsWith('src/')) continue;
    for (const { specifier, kind, line } of imports) {
      const remedy = COSTLY[specifier?.replace(/^node:/, '') ?? ''];
      if (remedy === undefined || kind === 'type' || kind === 'builtin') continue;
      yield {
        path,
        line,
        rule: 'costly-imports',
        found: `imports a value of ${specifier}: about 30 ms and 8 MB in every process that does`,
        remedy: `${remedy}. A type costs nothing: import type`,
      };
    }
  }
}
