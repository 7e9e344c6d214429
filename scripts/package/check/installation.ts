import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Check, needs, Skipped } from './check.ts';

const NO_COPY = 77;

export const installationChecks: readonly Check[] = [
  {
    title: 'it is installed, upgraded, removed and purged as a package should be',
    run({ deb, work }) {
      if (process.geteuid?.() !== 0) throw new Skipped('only root can do that');
      needs('systemd-sysusers', 'systemd');
      const copy = join(work, 'copy');
      mkdirSync(copy);
      const script = join(import.meta.dirname, 'install-in-overlay.sh');
      const args = ['--mount', '--propagation', 'private', 'bash', script, deb, copy];
      const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
      // unshare itself ends with 1 and without a word of ours where it is not allowed to.
      if (status === NO_COPY || /^unshare: /m.test(stderr)) {
        throw new Skipped(`no copy of this machine can be made here: ${stderr.trim()}`);
      }
      if (status !== 0 || stdout !== '') throw new Error(`${stdout}${stderr}`);
      return undefined;
    },
  },
];
