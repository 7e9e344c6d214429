import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMaintainer } from '../format.ts';
import { buildRpm } from '../rpm.ts';
import { CONFIGURATION, DOCUMENTS, stageTree } from '../staged-tree.ts';
import { buildTarball } from '../tarball.ts';
import type { Subject } from './check.ts';

const VERSION = '99.0.0';

/**
 * A package of a later release, to upgrade to: its configuration has a line more, it has no README.md, and its executable is
 * a script, so that it is built at once. Returns its path.
 */
export async function nextRelease(
  { root, release, work, architecture }: Subject,
  format: '.rpm' | '.tar.gz',
): Promise<string> {
  const output = mkdtempSync(join(work, 'next-'));
  const executable = join(output, 'executable');
  writeFileSync(executable, `#!/bin/sh\necho ${VERSION}\n`);
  chmodSync(executable, 0o755);
  const tree = join(output, 'tree');
  mkdirSync(tree, { mode: 0o755 });
  const epoch = 1_767_225_600;
  await stageTree({ root, release, executable, version: VERSION, epoch, target: tree });
  appendFileSync(join(tree, CONFIGURATION), '# The next release says this, too.\n');
  rmSync(join(tree, DOCUMENTS, 'README.md'));
  const build = format === '.rpm' ? buildRpm : buildTarball;
  const maintainer = readMaintainer(root);
  const wanted = { root, version: VERSION, architecture, maintainer, epoch, compression: 0, tree, output };
  return join(output, build(wanted));
}
