import { ambient } from './architecture/ambient.ts';
import { costlyImports } from './architecture/costly-imports.ts';
import { cycles } from './architecture/cycles.ts';
import { dependencies } from './architecture/dependencies.ts';
import type { Finding, Rule } from './architecture/finding.ts';
import { floors } from './architecture/floors.ts';
import { metadataAddress } from './architecture/metadata-address.ts';
import { names } from './architecture/names.ts';
import { size } from './architecture/size.ts';
import { readSourceTree, type SourceTree } from './architecture/source-tree.ts';
import { testMirror } from './architecture/test-mirror.ts';

const rules: readonly Rule[] = [
  floors,
  cycles,
  ambient,
  costlyImports,
  metadataAddress,
  names,
  size,
  testMirror,
  dependencies,
];

/** What the house rules of ARCHITECTURE.md and CONTRIBUTING.md find wrong, by file and line. */
export function checkArchitecture(tree: SourceTree): readonly Finding[] {
  return rules
    .flatMap((rule) => [...rule(tree)])
    .sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

if (import.meta.main) {
  const tree = readSourceTree(process.argv[2] ?? process.cwd());
  const findings = checkArchitecture(tree);
  for (const { path, line, rule, found, remedy } of findings) {
    process.stderr.write(`${path}:${line} ${rule}: ${found}\n  ${remedy}\n`);
  }
  process.stdout.write(
    `Architecture: ${tree.files.length} files, ${rules.length} rules, ${findings.length} found.\n`,
  );
  process.exitCode = findings.length === 0 ? 0 : 1;
}
