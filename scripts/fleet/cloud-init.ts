import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Check, mustBe, packageOf, said } from '../package/check/check.ts';
import { onCopy } from '../package/check/copy.ts';
import { needs } from '../package/tool.ts';

export const cloudInitChecks: readonly Check[] = [
  {
    title: 'the user data holds by cloud-init’s own schema',
    run({ root }) {
      needsCloudInit();
      const file = join(root, 'docs/fleet/cloud-init/user-data.yaml');
      const told = said('cloud-init', ['schema', '--config-file', file]);
      if (!told.startsWith('Valid')) throw new Error(told);
      return undefined;
    },
  },
  {
    title:
      'the script in the user data is the one of the Ansible role, and shellcheck finds no fault with it',
    run({ root }) {
      const script = join(root, 'docs/fleet/ansible/roles/rolekeeper/files/install-rolekeeper');
      const data = readFileSync(join(root, 'docs/fleet/cloud-init/user-data.yaml'), 'utf8');
      const embedded = /^ {6}#!\/bin\/sh\n(?: {6}.*\n|\n)+/m.exec(data)?.[0] ?? '';
      mustBe(
        embedded.replaceAll(/^ {6}/gm, '').trimEnd(),
        readFileSync(script, 'utf8').trimEnd(),
        'the script',
      );
      needs('shellcheck', 'shellcheck');
      return said('shellcheck', [script]) || undefined;
    },
  },
  {
    title: 'cloud-init installs and configures the agent with it, and nothing that is not what was meant',
    run(subject) {
      needsCloudInit();
      needs('curl', 'curl');
      const { root, work } = subject;
      const packages = (['.deb', '.rpm', '.tar.gz'] as const).map((each) => packageOf(subject, each));
      const data = join(root, 'docs/fleet/cloud-init/user-data.yaml');
      const script = join(import.meta.dirname, 'on-copy/cloud-init.sh');
      return onCopy(subject, script, [data, join(work, 'SHA256SUMS'), ...packages]);
    },
  },
];

/** A machine that gets cloud-init for these checks alone must not be configured by it at its next start. */
function needsCloudInit(): void {
  const isThere = spawnSync('sh', ['-c', 'command -v cloud-init'], { stdio: 'ignore' }).status === 0;
  if (!isThere && process.geteuid?.() === 0 && !existsSync('/etc/cloud')) {
    mkdirSync('/etc/cloud');
    writeFileSync('/etc/cloud/cloud-init.disabled', '');
  }
  needs('cloud-init', 'cloud-init');
}
