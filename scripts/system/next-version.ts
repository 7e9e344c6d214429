import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustBe, said } from '../package/check/check.ts';

/** The version of what `nextVersion` makes. */
export const NEXT_VERSION = '999.0.0';

/** The same package as a version that comes after it. Returns its path, in `output`. */
export function nextVersion(deb: string, output: string): string {
  const tree = join(output, 'next');
  said('dpkg-deb', ['--raw-extract', deb, tree]);
  const control = join(tree, 'DEBIAN/control');
  const text = readFileSync(control, 'utf8').replace(/^Version: .*$/m, `Version: ${NEXT_VERSION}`);
  writeFileSync(control, text);
  const next = join(output, `rolekeeper_${NEXT_VERSION}.deb`);
  // Quicker than any other, and thrown away.
  said('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, next]);
  rmSync(tree, { recursive: true });
  mustBe(
    said('dpkg-deb', ['--field', next, 'Version']).trim(),
    NEXT_VERSION,
    'the version of the next package',
  );
  return next;
}
