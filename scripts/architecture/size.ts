import type { Finding } from './finding.ts';
import type { SourceTree } from './source-tree.ts';

/** Lines. Tests may be longer: their tables are data. */
const LONGEST_SOURCE = 250;
const LONGEST_TEST = 400;

/** Small files, one thing each. */
export function* size({ files }: SourceTree): Generator<Finding> {
  for (const { path, text } of files) {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    const longest = path.startsWith('test/') ? LONGEST_TEST : LONGEST_SOURCE;
    if (lines <= longest) continue;
    yield {
      path,
      line: longest + 1,
      rule: 'size',
      found: `has ${lines} lines, at most ${longest} are allowed`,
      remedy: 'Give a part of it that has a name a file of its own',
    };
  }
}
