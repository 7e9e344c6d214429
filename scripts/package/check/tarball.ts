import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { needs } from '../tool.ts';
import { type Check, mustBe, packageOf, said } from './check.ts';
import { mustBeTreeOfDeb } from './same-tree.ts';

export const tarballChecks: readonly Check[] = [
  {
    title: 'the tarball has the tree of the .deb, an installer and sums, all in one directory and of root',
    run(subject) {
      const tarball = packageOf(subject, '.tar.gz');
      const unpacked = join(subject.work, 'unpacked');
      mkdirSync(unpacked);
      said('tar', ['--extract', '--file', tarball, '--directory', unpacked, '--strip-components=1']);
      const sums = new Map<string, string>(
        readFileSync(join(unpacked, 'files.sha256'), 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => line.split('  '))
          .map(([sum = '', path]) => [`/${path}`, sum]),
      );
      const { version } = JSON.parse(readFileSync(join(subject.root, 'package.json'), 'utf8'));
      const top = `rolekeeper-${version}-linux-${subject.architecture}/`;
      const files = said('tar', ['--list', '--verbose', '--numeric-owner', '--file', tarball])
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/\s+/))
        .filter(([mode]) => !mode?.startsWith('d'))
        .map(([mode = '', owner = '', , , , name = '']) => ({ mode, owner, name }));
      const besides = files.filter(({ name }) => !name.startsWith(`${top}files/`));
      mustBe(
        besides.map(({ mode, owner, name }) => `${mode} ${owner} ${name}`).join('\n'),
        `-rw-r--r-- 0/0 ${top}files.sha256\n-rwxr-xr-x 0/0 ${top}install.sh`,
        'what is beside the tree',
      );
      const tree = files
        .filter((each) => !besides.includes(each))
        .map(({ mode, owner, name }) => {
          const path = name.slice(`${top}files`.length);
          const isRoots = owner === '0/0';
          return { mode, owner: isRoots ? 'root/root' : owner, path, sha256: sums.get(path) ?? '' };
        });
      return mustBeTreeOfDeb(tree, subject);
    },
  },
  {
    title: 'the installer is a script without a fault that shellcheck knows',
    run({ work }) {
      needs('shellcheck', 'shellcheck');
      return said('shellcheck', ['--shell=sh', join(work, 'unpacked/install.sh')]) || undefined;
    },
  },
];
