import { posix } from 'node:path';
import { isNode, type Node, namePath, stringValue, walk } from './syntax.ts';

export interface Import {
  /** As it is written; undefined where it is computed. */
  readonly specifier: string | undefined;
  /** From the root, of an import by relative path. */
  readonly path: string | undefined;
  /** `type`: nothing is loaded. `builtin`: `process.getBuiltinModule`, which reads none of the module's getters. */
  readonly kind: 'type' | 'value' | 'dynamic' | 'builtin';
  /** What is imported by name; `default` and `*` for the whole. Of a dynamic import, `*`. */
  readonly names: readonly string[];
  readonly line: number;
}

/** Everything that a file imports, re-exports or loads while it runs. */
export function importsOf(
  file: string,
  program: Node,
  lineAt: (offset: number) => number,
): readonly Import[] {
  const found: Import[] = [];
  const add = (at: Node, specifier: string | undefined, kind: Import['kind'], names: readonly string[]) => {
    const isRelative = specifier?.startsWith('.') === true;
    const path = isRelative ? posix.join(posix.dirname(file), specifier) : undefined;
    found.push({ specifier, path, kind, names, line: lineAt(at.start) });
  };
  walk(program, (node) => {
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration':
        if (isNode(node.source)) add(node, stringValue(node.source), declarationKind(node), namesOf(node));
        break;
      case 'ImportExpression':
        add(node, stringValue(node.source), 'dynamic', ['*']);
        break;
      case 'CallExpression': {
        const called = isNode(node.callee) ? namePath(node.callee)?.join('.') : undefined;
        const [first] = Array.isArray(node.arguments) ? node.arguments : [];
        if (called === 'process.getBuiltinModule') add(node, stringValue(first), 'builtin', ['*']);
        if (called === 'require') add(node, stringValue(first), 'value', ['*']);
        break;
      }
    }
  });
  return found;
}

function declarationKind(node: Node): 'type' | 'value' {
  if (node.importKind === 'type' || node.exportKind === 'type') return 'type';
  const specifiers = specifiersOf(node);
  const isType = (each: Node) => each.importKind === 'type' || each.exportKind === 'type';
  return specifiers.length > 0 && specifiers.every(isType) ? 'type' : 'value';
}

function namesOf(node: Node): readonly string[] {
  if (node.type === 'ExportAllDeclaration') return ['*'];
  return specifiersOf(node).map((each) => {
    if (each.type === 'ImportDefaultSpecifier') return 'default';
    if (each.type === 'ImportNamespaceSpecifier') return '*';
    const name = each.imported ?? each.local;
    return isNode(name) ? String(name.name ?? name.value) : '*';
  });
}

function specifiersOf(node: Node): readonly Node[] {
  return Array.isArray(node.specifiers) ? node.specifiers.filter(isNode) : [];
}
