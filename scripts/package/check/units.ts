import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { needs } from '../tool.ts';
import { type Check, mustBe, said } from './check.ts';

/** Of 10; systemd's own scale (systemd-analyze(1)). */
const HIGHEST_EXPOSURE = 1.7;
const UNITS = 'usr/lib/systemd/system';

export const unitChecks: readonly Check[] = [
  {
    title: 'systemd finds nothing wrong with the units',
    run({ work }) {
      needs('systemd-analyze', 'systemd');
      const root = join(work, 'root');
      const units = readdirSync(join(root, UNITS)).filter((name) => name.startsWith('rolekeeper'));
      const system = ['/usr/lib/systemd/system', '/lib/systemd/system'].find((path) => existsSync(path));
      // Those that ours refer to.
      if (system !== undefined)
        cpSync(system, join(root, UNITS), { recursive: true, force: false, verbatimSymlinks: true });
      // What they run besides the executable.
      mkdirSync(join(root, 'bin'), { recursive: true });
      copyFileSync('/bin/sh', join(root, 'bin/sh'));
      const told = said('systemd-analyze', ['verify', '--man=no', `--root=${root}`, ...units]);
      // What it says of the machine's other units is not ours.
      const ours = told.split('\n').filter((line) => line.includes('rolekeeper'));
      mustBe(ours.join('\n'), '', 'systemd-analyze’s output');
      return `${units.length} units`;
    },
  },
  {
    title: `the service is exposed no more than ${HIGHEST_EXPOSURE} of 10`,
    run({ root }) {
      needs('systemd-analyze', 'systemd');
      const unit = join(root, 'systemd/rolekeeper.service');
      const told = said('systemd-analyze', ['security', '--offline=true', '--no-pager', unit]);
      const [, figure] = /exposure level for \S+: ([\d.]+)/.exec(told) ?? [];
      if (figure === undefined || Number(figure) > HIGHEST_EXPOSURE) throw new Error(told);
      return figure;
    },
  },
];
