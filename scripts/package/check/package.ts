import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../build/checksums.ts';
import { packages } from '../../package.ts';
import { needs } from '../tool.ts';
import { type Check, mustBe, packageOf, said } from './check.ts';

/** Mode and path of what an operator relies on. */
const PROMISED = [
  '-rwxr-xr-x ./usr/bin/rolekeeper',
  '-rwxr-xr-x ./usr/libexec/rolekeeper/credential-process',
  '-rw-r--r-- ./etc/rolekeeper/config.toml',
  '-rw-r--r-- ./usr/lib/systemd/system/rolekeeper.service',
  '-rw-r--r-- ./usr/lib/systemd/system/rolekeeper.socket',
  '-rw-r--r-- ./usr/lib/systemd/system/rolekeeper-container.socket',
  '-rw-r--r-- ./usr/lib/systemd/system/rolekeeper-line.socket',
  '-rw-r--r-- ./usr/lib/systemd/system/rolekeeper-imds.socket',
  '-rw-r--r-- ./usr/lib/systemd/system/rolekeeper-network.service',
  '-rw-r--r-- ./usr/lib/sysusers.d/rolekeeper.conf',
  '-rw-r--r-- ./usr/lib/tmpfiles.d/rolekeeper.conf',
  '-rw-r--r-- ./usr/share/man/man1/rolekeeper.1.gz',
  '-rw-r--r-- ./usr/share/bash-completion/completions/rolekeeper',
  '-rw-r--r-- ./usr/share/zsh/vendor-completions/_rolekeeper',
  '-rw-r--r-- ./usr/share/fish/vendor_completions.d/rolekeeper.fish',
  '-rw-r--r-- ./usr/share/doc/rolekeeper/copyright',
  '-rw-r--r-- ./usr/share/doc/rolekeeper/THIRD-PARTY-LICENCES.gz',
  '-rw-r--r-- ./usr/share/doc/rolekeeper/rolekeeper.cdx.json',
];

export const packageChecks: readonly Check[] = [
  {
    title: 'the .deb has what it promises, all of it root’s and nothing that others may write',
    run(subject) {
      const deb = packageOf(subject, '.deb');
      said('dpkg-deb', ['--raw-extract', deb, join(subject.work, 'root')]);
      const lines = said('dpkg-deb', ['--contents', deb]).trimEnd().split('\n');
      const rows = lines.map((line) => line.split(/\s+/));
      const modes = new Set(rows.map(([mode, , , , , path]) => `${mode} ${path}`));
      const missing = PROMISED.filter((each) => !modes.has(each));
      const odd = rows.filter(
        ([mode = '', owner]) => owner !== 'root/root' || mode[5] === 'w' || mode[8] === 'w',
      );
      if (missing.length + odd.length > 0) {
        throw new Error(`missing ${JSON.stringify(missing)}, odd ${JSON.stringify(odd)}`);
      }
      return undefined;
    },
  },
  {
    title: 'every file is what md5sums says',
    run({ work }) {
      const directory = join(work, 'root');
      const sums = readFileSync(join(directory, 'DEBIAN/md5sums'), 'utf8').trimEnd().split('\n');
      for (const line of sums) {
        const [sum, path = ''] = line.split('  ');
        const found = createHash('md5')
          .update(readFileSync(join(directory, path)))
          .digest('hex');
        mustBe(`${found}  ${path}`, `${sum}  ${path}`, 'the sum');
      }
      return `${sums.length} files`;
    },
  },
  {
    title: 'every package is the same, byte for byte, when it is built again',
    async run({ root, release, work, architecture, packaged }) {
      const output = join(work, 'again');
      mkdirSync(output);
      await packages({ root, release, output, wanted: [architecture], compression: 0 });
      const sums = (directory: string) =>
        packaged.names.map((name) => `${name} ${sha256(join(directory, name)).slice(0, 16)}`).join(', ');
      mustBe(sums(output), sums(work), 'what is built again');
      return sums(work);
    },
  },
  {
    title: 'lintian has nothing to say',
    run(subject) {
      const deb = packageOf(subject, '.deb');
      needs('lintian', 'lintian');
      mustBe(said('lintian', ['--allow-root', '--fail-on', 'error,warning', deb]), '', 'lintian’s output');
      return undefined;
    },
  },
  {
    title: 'the maintainer scripts of the .deb are scripts',
    run({ work }) {
      for (const name of ['postinst', 'prerm', 'postrm']) said('sh', ['-n', join(work, 'root/DEBIAN', name)]);
      return undefined;
    },
  },
  {
    title: 'the man page is set without a warning',
    run({ work }) {
      needs('man', 'man-db');
      const page = join(work, 'root/usr/share/man/man1/rolekeeper.1.gz');
      const env = { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8' };
      const text = said('man', ['--warnings', '-E', 'UTF-8', '-l', page], env);
      for (const word of ['credential-process', 'agent_socket.group', 'EXIT STATUS']) {
        if (!text.includes(word)) throw new Error(`it says nothing of ${word}`);
      }
      if (/warning:|\.\.\s|must be\s+must be/i.test(text.replaceAll('...', '')))
        throw new Error(text.slice(0, 400));
      return undefined;
    },
  },
  {
    title: 'bash completes verbs, their verbs and their values',
    run({ work }) {
      const script = join(work, 'complete.sh');
      const file = join(work, 'root/usr/share/bash-completion/completions/rolekeeper');
      const ask = (...words: readonly string[]) =>
        `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _rolekeeper; echo "\${COMPREPLY[*]}"`;
      const lines = [
        `. '${file}'`,
        ask('rolekeeper', 'wa'),
        ask('rolekeeper', 'config', 'sh'),
        ask('rolekeeper', 'config', 'show', '--c'),
        ask('rolekeeper', 'network', 'rem'),
        ask('rolekeeper', 'export', '--format', 'p'),
      ];
      writeFileSync(script, lines.join('\n'));
      mustBe(said('bash', [script]), 'wait\nshow\n--config\nremove\npowershell\n', 'what bash offers');
      return undefined;
    },
  },
];
