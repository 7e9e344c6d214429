import type { Finding } from './finding.ts';
import type { SourceTree } from './source-tree.ts';

/** Tests of the product as a whole, which mirror no single file. */
const OF_THE_WHOLE = [/^test\/(cli|scenarios|simulation|model|speed)\//, /^test\/documentation\.test\.ts$/];

/**
 * A test is found where its source is: `test/x/y.test.ts` tests `src/x/y.ts`, and so does `test/x/y-aspect.test.ts`,
 * where there is too much to say for one file.
 */
export function* testMirror({ paths }: SourceTree): Generator<Finding> {
  const existing = new Set(paths);
  for (const path of paths) {
    if (!path.endsWith('.test.ts') || OF_THE_WHOLE.some((pattern) => pattern.test(path))) continue;
    const candidates = sourcesOf(path);
    if (candidates.some((each) => existing.has(each))) continue;
    yield {
      path,
      line: 1,
      rule: 'test-mirror',
      found: `tests ${candidates[0]}, which is not there`,
      remedy:
        'Move the test with its source, or to test/cli, test/scenarios or test/speed if it tests the whole',
    };
  }
}

/** The file itself first. */
function sourcesOf(test: string): readonly string[] {
  const [, folder = '', name = ''] = /^test\/(.*\/)?([^/]+)\.test\.ts$/.exec(test) ?? [];
  const words = name.split('-');
  return words.flatMap((_, left) => {
    const path = `${folder}${words.slice(0, words.length - left).join('-')}`;
    if (folder.startsWith('support/')) return [`test/${path}.ts`];
    return folder.startsWith('scripts/') ? [`${path}.ts`, path, `${path}.sh`] : [`src/${path}.ts`];
  });
}
