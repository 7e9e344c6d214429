import { join } from 'node:path';
import { type Check, packageOf, said } from '../package/check/check.ts';
import { onCopy } from '../package/check/copy.ts';
import { needs } from '../package/tool.ts';

export const ansibleChecks: readonly Check[] = [
  {
    title: 'ansible-lint finds nothing in the role, by its strictest profile',
    run({ root }) {
      needs('ansible-lint', 'ansible-lint');
      const directory = join(root, 'docs/fleet/ansible');
      const lint = 'cd "$0" && ansible-lint --offline --nocolor --profile production';
      const told = said('sh', ['-c', lint, directory]);
      return /Passed .*/.exec(told)?.[0];
    },
  },
  {
    title:
      'Ansible installs and configures the agent, changes nothing the second time, and writes no wrong configuration',
    run(subject) {
      needs('ansible-playbook', 'ansible-core');
      needs('curl', 'curl');
      const files = [
        join(subject.root, 'docs/fleet/ansible'),
        join(subject.work, 'SHA256SUMS'),
        packageOf(subject, '.deb'),
      ];
      return onCopy(subject, join(import.meta.dirname, 'on-copy/ansible.sh'), files);
    },
  },
];
