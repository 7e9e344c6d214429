import { join } from 'node:path';
import { sha256 } from '../../build/checksums.ts';
import { mustBe, packageOf, type Subject, said } from './check.ts';

export interface PackedFile {
  /** As `ls -l` writes it. */
  readonly mode: string;
  /** `USER/GROUP` */
  readonly owner: string;
  readonly sha256: string;
  /** From `/` on. */
  readonly path: string;
}

/** What only Debian wants in a package, and what is somewhere else in others. */
const OF_DEBIAN = new Set([
  '/usr/share/doc/rolekeeper/changelog.gz',
  '/usr/share/doc/rolekeeper/changelog.Debian.gz',
  '/usr/share/doc/rolekeeper/copyright',
  '/usr/share/lintian/overrides/rolekeeper',
]);
const OF_OTHERS = new Set([
  '/usr/share/doc/rolekeeper/CHANGELOG.md',
  '/usr/share/licenses/rolekeeper/LICENSE',
]);
const ELSEWHERE = new Map([
  ['/usr/share/zsh/vendor-completions/_rolekeeper', '/usr/share/zsh/site-functions/_rolekeeper'],
]);

/** Throws where another package's files are not those of the .deb in content, mode and owner. Returns how many there are. */
export function mustBeTreeOfDeb(files: readonly PackedFile[], subject: Subject): string {
  const wanted = filesOfDeb(subject)
    .filter(({ path }) => !OF_DEBIAN.has(path))
    .map((file) => ({ ...file, path: ELSEWHERE.get(file.path) ?? file.path }));
  const found = files.filter(({ path }) => !OF_OTHERS.has(path));
  mustBe(listing(found), listing(wanted), 'the tree');
  mustBe(String(files.length - found.length), String(OF_OTHERS.size), 'the number of files of its own');
  return `${files.length} files`;
}

function filesOfDeb(subject: Subject): readonly PackedFile[] {
  const lines = said('dpkg-deb', ['--contents', packageOf(subject, '.deb')])
    .trimEnd()
    .split('\n');
  return lines
    .map((line) => line.split(/\s+/))
    .filter(([mode]) => !mode?.startsWith('d'))
    .map(([mode = '', owner = '', , , , name = '']) => {
      const path = name.slice(1);
      return { mode, owner, sha256: sha256(join(subject.work, 'root', path)), path };
    });
}

function listing(files: readonly PackedFile[]): string {
  const lines = files.map(({ path, mode, owner, sha256: sum }) => `${path} ${mode} ${owner} ${sum}\n`);
  return lines.sort().join('');
}
