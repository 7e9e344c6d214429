import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { packages } from '../../package.ts';
import { needs } from '../tool.ts';
import { type Check, mustBe, packageOf, type Subject, said } from './check.ts';
import { mustBeTreeOfDeb } from './same-tree.ts';

/** What the executable cannot start without, as rpm names it. */
const NEEDED = ['libatomic.so.1()(64bit)', 'libstdc++.so.6()(64bit)', 'libc.so.6(GLIBC_2.28)(64bit)'];

export const rpmChecks: readonly Check[] = [
  {
    title: 'the .rpm has the tree of the .deb, but for what each distribution wants elsewhere',
    run(subject) {
      const format = '[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILENAMES} %{FILEDIGESTS}\n]';
      const files = query(subject, format)
        .map((line) => line.split(' '))
        .filter(([mode]) => !mode?.startsWith('d'))
        .map(([mode = '', owner = '', path = '', sha256 = '']) => ({ mode, owner, path, sha256 }));
      return mustBeTreeOfDeb(files, subject);
    },
  },
  {
    title:
      'the .rpm owns its directories, keeps a changed configuration, and knows its documents and licence',
    run(subject) {
      const lines = query(subject, '[%{FILEFLAGS:fflags} %{FILEMODES:perms} %{FILENAMES}\n]');
      for (const line of [
        'cn -rw-r--r-- /etc/rolekeeper/config.toml',
        'd -rw-r--r-- /usr/share/doc/rolekeeper/README.md',
        'd -rw-r--r-- /usr/share/man/man1/rolekeeper.1.gz',
        'l -rw-r--r-- /usr/share/licenses/rolekeeper/LICENSE',
        ' drwxr-xr-x /etc/rolekeeper',
        ' drwxr-xr-x /usr/libexec/rolekeeper',
      ]) {
        if (!lines.includes(line)) throw new Error(`there is no “${line}” in\n${lines.join('\n')}`);
      }
      return undefined;
    },
  },
  {
    title: 'the .rpm asks for the libraries that its executable is linked to, and says all of what it is',
    run(subject) {
      mustNeed(query(subject, '[%{REQUIRES}\n]'));
      const description = query(subject, '%{DESCRIPTION}');
      mustBe(String(description.at(-1)?.includes('Node.js')), 'true', 'the end of its description');
      return undefined;
    },
  },
  {
    title: 'the .rpm for the other architecture says which it is, and asks for the same libraries',
    async run(subject) {
      const other = subject.architecture === 'x64' ? 'arm64' : 'x64';
      packageOf(subject, '.rpm');
      const output = join(subject.work, 'other');
      mkdirSync(output);
      const { root, release } = subject;
      const { names } = await packages({
        root,
        release,
        output,
        wanted: [other],
        compression: 0,
        formats: ['rpm'],
      });
      const path = join(output, names[0] ?? '');
      const told = said('rpm', ['-qp', '--queryformat', '%{ARCH} %{OS}\n[%{REQUIRES}\n]', path]).split('\n');
      mustBe(told[0] ?? '', other === 'x64' ? 'x86_64 linux' : 'aarch64 linux', 'its architecture');
      mustNeed(told);
      return undefined;
    },
  },
  {
    title: 'rpmlint has nothing to say but what rpmlint.toml explains',
    run(subject) {
      const path = packageOf(subject, '.rpm');
      needs('rpmlint', 'rpmlint');
      const config = join(import.meta.dirname, '../rpm/rpmlint.toml');
      // Its exit status speaks of errors alone.
      const told = said('sh', ['-c', 'rpmlint --config "$0" "$1" || true', config, path]);
      if (!told.includes('0 errors, 0 warnings')) throw new Error(told);
      return undefined;
    },
  },
];

function mustNeed(requirements: readonly string[]): void {
  const missing = NEEDED.filter((each) => !requirements.includes(each));
  if (missing.length > 0) throw new Error(`it does not ask for ${missing.join(', ')}`);
}

function query(subject: Subject, format: string): readonly string[] {
  const told = said('rpm', ['-qp', '--queryformat', format, packageOf(subject, '.rpm')]);
  return told.trimEnd().split('\n');
}
