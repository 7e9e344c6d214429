import { type CodeSplittingGroup, rolldown } from 'rolldown';
import { commonjsEntry } from './commonjs-entry.ts';
import { definitions, leaveOut } from './left-out.ts';

export interface Chunk {
  readonly name: string;
  readonly code: string;
  readonly isEntry: boolean;
}

/**
 * Which modules share a file, the first that fits. Besides these, every verb has its own. A file is parsed as a whole
 * when a verb asks for it: what `credential-process` needs is in one small file, and what only the agent needs is not
 * in any that others read.
 */
const groups: CodeSplittingGroup[] = [
  { name: 'credential-process', test: /src\/cli\/credential-process\.ts$/, priority: 3 },
  { name: 'agents-answer', test: /src\/cli\/agents-answer\.ts$/, priority: 3 },
  { name: 'values', test: /src\/(domain|config)\//, priority: 2 },
  { name: 'agent', test: /src\/(agent|platform\/log)\.ts$/, priority: 1 },
];

/**
 * CommonJS, because it starts faster: an ES module waits for its loader, and reads every export of every built-in
 * module it imports. Nothing is renamed, so that a stack trace can be read; comments are taken out.
 */
export async function bundle(
  root: string,
  input = { rolekeeper: 'src/cli/main.ts' },
): Promise<readonly Chunk[]> {
  const build = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    plugins: [commonjsEntry, leaveOut],
    transform: { define: definitions },
    logLevel: 'warn',
    checks: { ineffectiveDynamicImport: false },
  });
  const { output } = await build.generate({
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    codeSplitting: { groups },
    dynamicImportInCjs: false,
    comments: { legal: false, annotation: false, jsdoc: false },
  });
  await build.close();
  return output.flatMap((each) =>
    each.type === 'chunk' ? [{ name: each.fileName, code: inAscii(each.code), isEntry: each.isEntry }] : [],
  );
}

/** V8 keeps a source of ASCII alone in one byte a character, any other in two. */
function inAscii(code: string): string {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
