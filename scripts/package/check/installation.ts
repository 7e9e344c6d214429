import { copyFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type Check, packageOf, type Subject } from './check.ts';
import { onCopy } from './copy.ts';
import { nextRelease } from './next-release.ts';

export const installationChecks: readonly Check[] = [
  {
    title: 'the .deb is installed, upgraded, removed and purged as a package should be',
    run(subject) {
      return onCopy(subject, script('deb.sh'), [packageOf(subject, '.deb')]);
    },
  },
  {
    title: 'the .rpm is installed, upgraded and erased as presets and Fedora’s guidelines want it',
    async run(subject) {
      const files = { 'this.rpm': packageOf(subject, '.rpm'), 'this.tar.gz': packageOf(subject, '.tar.gz') };
      return onCopy(
        subject,
        script('rpm.sh'),
        named(subject, { ...files, 'next.rpm': await nextRelease(subject, '.rpm') }),
      );
    },
  },
  {
    title: 'the tarball installs, upgrades, uninstalls and purges, and refuses what it cannot do',
    async run(subject) {
      const files = { 'this.tar.gz': packageOf(subject, '.tar.gz') };
      const next = await nextRelease(subject, '.tar.gz');
      return onCopy(subject, script('tarball.sh'), named(subject, { ...files, 'next.tar.gz': next }));
    },
  },
];

function script(name: string): string {
  return join(import.meta.dirname, 'installed', name);
}

function named({ work }: Subject, files: Readonly<Record<string, string>>): readonly string[] {
  const directory = mkdtempSync(join(work, 'named-'));
  return Object.entries(files).map(([name, path]) => {
    copyFileSync(path, join(directory, name));
    return join(directory, name);
  });
}
