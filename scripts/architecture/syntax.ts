/** The syntax tree as far as the rules look at it: ESTree with TypeScript's additions, as oxc gives it. */
export interface Node {
  readonly type: string;
  /** Offset of the first character. */
  readonly start: number;
  readonly [key: string]: unknown;
}

export interface Place {
  readonly parent: Node | undefined;
  /** The parent's property that holds the node. */
  readonly key: string;
}

/** Nodes named TS… that are expressions around an expression; all others are types, which do nothing at run time. */
const TYPED_EXPRESSIONS = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSInstantiationExpression',
  'TSTypeAssertion',
]);

/** Calls `visit` for everything in the tree that exists at run time, parents first. */
export function walk(node: Node, visit: (node: Node, place: Place) => void): void {
  step(node, { parent: undefined, key: '' });

  function step(current: Node, place: Place): void {
    if (current.type.startsWith('TS') && !TYPED_EXPRESSIONS.has(current.type)) return;
    visit(current, place);
    for (const [key, value] of Object.entries(current)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child)) step(child, { parent: current, key });
      }
    }
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/**
 * `a.b['c']` as `['a', 'b', 'c']`, without a leading `globalThis`; what cannot be known from the text is `?`.
 * Undefined where the chain does not begin with a name.
 */
export function namePath(node: Node): readonly string[] | undefined {
  if (node.type === 'Identifier') return [String(node.name)];
  if (node.type !== 'MemberExpression' || !isNode(node.object)) return undefined;
  const object = namePath(unwrapped(node.object));
  if (object === undefined) return undefined;
  const isGlobal = object.length === 1 && (object[0] === 'globalThis' || object[0] === 'global');
  return [...(isGlobal ? [] : object), propertyName(node)];
}

function unwrapped(node: Node): Node {
  return TYPED_EXPRESSIONS.has(node.type) && isNode(node.expression) ? unwrapped(node.expression) : node;
}

function propertyName({ property, computed }: Node): string {
  if (!isNode(property)) return '?';
  if (computed !== true) return String(property.name);
  return stringValue(property) ?? '?';
}

/** The value of a string literal. */
export function stringValue(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined;
}

/** Whether an identifier stands for a value there, rather than being the name of a property or of an import. */
export function isReference({ parent, key }: Place): boolean {
  if (parent === undefined) return true;
  if (parent.type === 'MemberExpression') return key === 'object' || parent.computed === true;
  if (['Property', 'MethodDefinition', 'PropertyDefinition', 'AccessorProperty'].includes(parent.type)) {
    return key === 'value' || parent.computed === true;
  }
  return !/^(Import|Export)\w*Specifier$|^MetaProperty$/.test(parent.type);
}
