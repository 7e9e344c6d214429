import type { Finding } from './finding.ts';
import type { Import } from './imports.ts';
import type { SourceFile, SourceTree } from './source-tree.ts';
import { isReference, type Node, namePath, type Place, walk } from './syntax.ts';

const CLOCK = 'reads the machine’s clock';
const TIMER = 'starts a timer of its own';
const CHANCE = 'draws from the machine’s randomness';

/** Properties of global objects that reach the ambient world. `true`: any use of the object does. */
const AMBIENT: Readonly<Record<string, true | Readonly<Record<string, string>>>> = {
  setTimeout: true,
  setInterval: true,
  setImmediate: true,
  performance: true,
  process: { hrtime: CLOCK, uptime: CLOCK },
  Temporal: { Now: CLOCK },
  AbortSignal: { timeout: TIMER },
  Math: { random: CHANCE },
  crypto: {
    getRandomValues: CHANCE,
    randomUUID: CHANCE,
    ...chances('randomBytes', 'randomInt', 'randomFill'),
  },
};
/** Modules that are nothing but clock and timers, and names of others that are. */
const AMBIENT_MODULES: Readonly<Record<string, RegExp>> = {
  timers: /^/,
  'timers/promises': /^/,
  perf_hooks: /^/,
  process: /^(hrtime|uptime)$/,
  os: /^uptime$/,
  crypto: /^(random|generate|getRandomValues$|webcrypto$|default$|\*$)/,
};
/** Objects that may be handed on as a value: what is read from them shows where it is read. */
const MAY_BE_HANDED_ON = new Set(['process', 'AbortSignal']);

/** Outside `src/platform`, time and chance are values that are passed in. */
export function* ambient({ files }: SourceTree): Generator<Finding> {
  for (const file of files) {
    if (!file.path.startsWith('src/') || file.path.startsWith('src/platform/')) continue;
    for (const each of file.imports) yield* judgedImport(file, each);
    const found: Finding[] = [];
    walk(file.program, (node, place) => {
      const what = ambientUse(node, place);
      if (what !== undefined) found.push(finding(file, file.lineAt(node.start), what));
    });
    yield* found;
  }
}

function* judgedImport(file: SourceFile, { specifier, kind, names, line }: Import): Generator<Finding> {
  if (specifier === undefined || kind === 'type') return;
  const forbidden = AMBIENT_MODULES[specifier.replace(/^node:/, '')];
  const name = names.find((each) => forbidden?.test(each));
  if (name === undefined) return;
  const what = name === '*' || name === 'default' ? specifier : `${name} of ${specifier}`;
  yield finding(file, line, `imports ${what}, which reaches the machine’s clock, timers or randomness`);
}

/** What an expression reaches, as the end of a sentence. Only the outermost expression of a chain of names counts. */
function ambientUse(node: Node, place: Place): string | undefined {
  if (place.parent?.type === 'MemberExpression' && place.key === 'object') return undefined;
  if (node.type === 'Identifier' ? !isReference(place) : node.type !== 'MemberExpression') return undefined;
  const path = namePath(node);
  if (path === undefined) return undefined;
  const [object = '', property] = path;
  if (object === 'Date') return dateUse(property, place);
  if (object === 'globalThis' || object === 'global') return 'hands on the global object, clock and all';
  const forbidden = Object.hasOwn(AMBIENT, object) ? AMBIENT[object] : undefined;
  if (forbidden === undefined) return undefined;
  if (forbidden === true) return `uses ${object}: ${object === 'performance' ? CLOCK : TIMER}`;
  if (property === undefined) {
    return MAY_BE_HANDED_ON.has(object)
      ? undefined
      : `hands on ${object} as a whole: what of it cannot be seen`;
  }
  const why = property === '?' ? 'what of it cannot be seen' : forbidden[property];
  return why === undefined ? undefined : `uses ${object}.${property}: ${why}`;
}

/** A date made of a number or a text is a value; one made of nothing is the present. */
function dateUse(property: string | undefined, { parent, key }: Place): string | undefined {
  if (property === 'parse' || property === 'UTC') return undefined;
  if (property !== undefined) return `uses Date.${property}: ${CLOCK}`;
  if (parent?.type === 'BinaryExpression' && parent.operator === 'instanceof') return undefined;
  const hasArguments = Array.isArray(parent?.arguments) && parent.arguments.length > 0;
  if (parent?.type === 'NewExpression' && key === 'callee' && hasArguments) return undefined;
  return `uses Date with no value of its own: ${CLOCK}`;
}

function finding(file: SourceFile, line: number, found: string): Finding {
  const remedy =
    'Take a Clock or a Random of src/domain/ports.ts; only src/platform reaches for the machine’s';
  return { path: file.path, line, rule: 'ambient', found, remedy };
}

function chances(...names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, CHANCE]));
}
