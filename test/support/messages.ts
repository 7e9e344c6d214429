/** What the product can say, as its source has it: for the pages that promise to list all of it. */
import { readSourceTree, type SourceFile } from '../../scripts/architecture/source-tree.ts';
import { isNode, type Node, walk } from '../../scripts/architecture/syntax.ts';
import { repository } from './child.ts';

export const sourceFiles: readonly SourceFile[] = readSourceTree(repository).files.filter(({ path }) =>
  path.startsWith('src/'),
);

/** What stands for a value in a message. */
export const PLACEHOLDER = '…';

/**
 * Every text that an expression can be, values replaced by an ellipsis: a literal, a template, either side of `?:` and
 * `??`. What is computed elsewhere is not followed.
 */
export function textsOf(node: unknown): readonly string[] {
  if (!isNode(node)) return [];
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' ? [node.value] : [];
    case 'TemplateLiteral':
      return [templateText(node)];
    case 'ConditionalExpression':
      return [...textsOf(node.consequent), ...textsOf(node.alternate)];
    case 'LogicalExpression':
      return [...textsOf(node.left), ...textsOf(node.right)];
    case 'ParenthesizedExpression':
    case 'TSAsExpression':
      return textsOf(node.expression);
    default:
      return [];
  }
}

function templateText({ quasis }: Node): string {
  const parts = (quasis as readonly { value: { cooked: string } }[]).map(({ value }) => value.cooked);
  return parts.join(PLACEHOLDER);
}

export interface LogCall {
  readonly place: string;
  /** More than one where it depends. */
  readonly levels: readonly string[];
  readonly texts: readonly string[];
  /** The message's own source where it is no text. */
  readonly expression: string;
}

const LEVELS = ['error', 'warn', 'info', 'debug'];

/** Every call of a `log`, but those that only pass on what they are given. */
export function logCalls(): readonly LogCall[] {
  return sourceFiles.flatMap((file) => {
    const calls: LogCall[] = [];
    walk(file.program, (node) => {
      if (node.type !== 'CallExpression' || !isNode(node.callee)) return;
      const levels = levelsOf(node.callee);
      const [message] = node.arguments as readonly Node[];
      if (levels.length === 0 || message === undefined || isNamed(message, 'message')) return;
      const expression = file.text.slice(message.start, message.end as number);
      calls.push({
        place: `${file.path}:${file.lineAt(node.start)}`,
        levels,
        texts: textsOf(message),
        expression,
      });
    });
    return calls;
  });
}

/** `log.warn`, `world.log.warn`, `log[x ? 'info' : 'warn']` */
function levelsOf(callee: Node): readonly string[] {
  const { type, object, property, computed } = callee;
  if (type !== 'MemberExpression' || !isNode(object) || !isNode(property)) return [];
  const isLog =
    isNamed(object, 'log') || (object.type === 'MemberExpression' && isNamed(object.property, 'log'));
  if (!isLog) return [];
  const names = computed === true ? textsOf(property) : [String(property.name)];
  return names.filter((name) => LEVELS.includes(name));
}

function isNamed(node: unknown, name: string): boolean {
  return isNode(node) && node.type === 'Identifier' && node.name === name;
}

export interface ErrorText {
  readonly place: string;
  /** On one line, without the program's name before it. */
  readonly text: string;
}

/** Sources that say nothing when something fails: they write configuration, rules, reports, help, and a tour. */
const NO_ERRORS_IN =
  /^src\/cli\/(doctor|demo|env)\/|^src\/cli\/status\/(render|one-line|words|life-bar)\.ts$|^src\/delivery\/metrics\/families\.ts$|^src\/cli\/(doctor|demo|start)\.ts$|^src\/config\/(render|settings)\.ts$|^src\/network\/ruleset\.ts$/;
/** Calls that make help or write output. */
const HELP = new Set([
  'description',
  'option',
  'requiredOption',
  'argument',
  'usage',
  'addHelpText',
  'command',
  'Option',
]);
/** Members that explain a setting, a fault or a client. */
const DESCRIPTIONS = new Set(['doc', 'does', 'why', 'evidence', 'plan', 'apply', 'check']);
const FEWEST_WORDS = 4;

/**
 * Every text of the source that can be, or be a part of, what somebody is told where something fails: all that has four
 * words and more, but help, descriptions, output and the quieter lines of the log.
 */
export function errorTexts(): readonly ErrorText[] {
  return sourceFiles
    .filter(({ path }) => !NO_ERRORS_IN.test(path))
    .flatMap((file) => {
      const found: ErrorText[] = [];
      walk(file.program, (node, { parent, key }) => {
        if (node.type !== 'Literal' && node.type !== 'TemplateLiteral') return;
        if (parent !== undefined && isNoError(parent, key)) return;
        for (const text of textsOf(node).map(oneLine)) {
          if (text.split(' ').length < FEWEST_WORDS) continue;
          found.push({ place: `${file.path}:${file.lineAt(node.start)}`, text });
        }
      });
      return found;
    });
}

export function oneLine(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/^rolekeeper: /, '');
}

function isNoError(parent: Node, key: string): boolean {
  if (parent.type === 'Property') return isNode(parent.key) && DESCRIPTIONS.has(String(parent.key.name));
  if (parent.type !== 'CallExpression' && parent.type !== 'NewExpression')
    return parent.type.startsWith('TS');
  if (key !== 'arguments' || !isNode(parent.callee)) return true;
  const { callee } = parent;
  const name = isNode(callee.property) ? callee.property.name : callee.name;
  if (HELP.has(String(name))) return true;
  const levels = levelsOf(callee);
  if (levels.length > 0 && !levels.includes('warn') && !levels.includes('error')) return true;
  return (
    isNode(callee.object) &&
    /^stdout$/.test(String(callee.object.name ?? (callee.object.property as Node)?.name))
  );
}
