import type { Finding } from './finding.ts';
import type { SourceTree } from './source-tree.ts';

const SAYS_NOTHING = /(?:^|\/)(utils?|helpers?|common|misc)(?=\/|\.[\w.]+$)/;

/** A folder or a file is named by what is in it. */
export function* names({ paths }: SourceTree): Generator<Finding> {
  for (const path of paths) {
    const [, name] = SAYS_NOTHING.exec(path) ?? [];
    if (name === undefined) continue;
    yield {
      path,
      line: 1,
      rule: 'names',
      found: `is called “${name}”, which says where it was put and not what it is`,
      remedy: 'Name it by what is in it, or move it to what it belongs to',
    };
  }
}
