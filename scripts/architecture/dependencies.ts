import { isBuiltin } from 'node:module';
import type { Finding } from './finding.ts';
import type { SourceTree } from './source-tree.ts';

/** Every package that is used is declared for where it is used, and every one that is declared is used. */
export function* dependencies(tree: SourceTree): Generator<Finding> {
  const product = new Set(Object.keys(tree.manifest.dependencies ?? {}));
  const development = new Set(Object.keys(tree.manifest.devDependencies ?? {}));
  const used = new Set<string>();
  for (const { path, imports } of tree.files) {
    for (const { specifier, kind, line } of imports) {
      const name = packageName(specifier);
      if (name === undefined) continue;
      used.add(name);
      const inProduct = path.startsWith('src/') && kind !== 'type';
      if (product.has(name) || (development.has(name) && !inProduct)) continue;
      const group = inProduct ? 'dependencies' : 'devDependencies';
      yield {
        ...finding(path, `imports ${name}, which package.json does not have in its ${group}`),
        line,
        remedy: `npm install ${inProduct ? '' : '--save-dev '}${name}`,
      };
    }
  }
  for (const name of [...product, ...development]) {
    if (!used.has(name) && !isUsedOtherwise(name, tree)) yield unused(name);
  }
}

/** Node's own modules and what is relative are no packages; `a/b` is a file of `a`, `@a/b/c` one of `@a/b`. */
function packageName(specifier: string | undefined): string | undefined {
  if (specifier === undefined || /^[./]/.test(specifier) || isBuiltin(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** By a command in a script, by the settings of a tool, or as the types of something that is used. */
function isUsedOtherwise(name: string, { manifest, toolSettings, commandsOf }: SourceTree): boolean {
  if (name.startsWith('@types/') || toolSettings.includes(`"${name}"`)) return true;
  const words = Object.values(manifest.scripts ?? {}).flatMap((script) => script.split(/[\s;&|]+/));
  return commandsOf(name).some((command) => words.includes(command));
}

function unused(name: string): Finding {
  return {
    ...finding('package.json', `has ${name}, which nothing imports, runs or names`),
    remedy: `npm uninstall ${name}`,
  };
}

function finding(path: string, found: string) {
  return { path, line: 1, rule: 'dependencies', found };
}
