import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { needs, Skipped } from '../tool.ts';
import { type Check, packageOf, type Subject } from './check.ts';
import { nextRelease } from './next-release.ts';

const NO_COPY = 77;

export const installationChecks: readonly Check[] = [
  {
    title: 'the .deb is installed, upgraded, removed and purged as a package should be',
    run(subject) {
      return onCopy(subject, 'deb.sh', [packageOf(subject, '.deb')]);
    },
  },
  {
    title: 'the .rpm is installed, upgraded and erased as presets and Fedora’s guidelines want it',
    async run(subject) {
      const files = { 'this.rpm': packageOf(subject, '.rpm'), 'this.tar.gz': packageOf(subject, '.tar.gz') };
      return onCopy(
        subject,
        'rpm.sh',
        named(subject, { ...files, 'next.rpm': await nextRelease(subject, '.rpm') }),
      );
    },
  },
  {
    title: 'the tarball installs, upgrades, uninstalls and purges, and refuses what it cannot do',
    async run(subject) {
      const files = { 'this.tar.gz': packageOf(subject, '.tar.gz') };
      const next = await nextRelease(subject, '.tar.gz');
      return onCopy(subject, 'tarball.sh', named(subject, { ...files, 'next.tar.gz': next }));
    },
  },
];

function named({ work }: Subject, files: Readonly<Record<string, string>>): readonly string[] {
  const directory = mkdtempSync(join(work, 'named-'));
  return Object.entries(files).map(([name, path]) => {
    copyFileSync(path, join(directory, name));
    return join(directory, name);
  });
}

/** Runs a script of `installed/` with these files beside it on a copy of this machine. */
function onCopy({ work }: Subject, script: string, files: readonly string[]): undefined {
  if (process.geteuid?.() !== 0) throw new Skipped('only root can do that');
  needs('systemd-sysusers', 'systemd');
  const copy = join(work, `copy-for-${script}`);
  mkdirSync(copy);
  const overlay = join(import.meta.dirname, 'overlay.sh');
  const args = ['--mount', '--propagation', 'private', 'bash', overlay, copy, script, ...files];
  const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  // unshare itself ends with 1 and without a word of ours where it is not allowed to.
  if (status === NO_COPY || /^unshare: /m.test(stderr)) {
    throw new Skipped(`no copy of this machine can be made here: ${stderr.trim()}`);
  }
  if (status !== 0 || stdout !== '') throw new Error(`${stdout}${stderr}`);
  return undefined;
}
