import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Architecture } from '../build/lock.ts';
import { DESCRIPTION, type Package, SUMMARY } from './format.ts';
import {
  CONFIGURATION,
  compressed,
  DOCUMENTS,
  directory,
  filesIn,
  settle,
  ZSH_FUNCTIONS,
} from './staged-tree.ts';
import { needs } from './tool.ts';

const ARCHITECTURES: Readonly<Record<Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
const ZSH_FUNCTIONS_OF_DEBIAN = 'usr/share/zsh/vendor-completions';
const SCRIPTS = ['postinst', 'prerm', 'postrm'];

/** A .deb by dpkg-deb. Returns its name. */
export function buildDeb(wanted: Package): string {
  const { root, version, architecture, maintainer, epoch, compression, tree, output } = wanted;
  needs('dpkg-deb', 'dpkg');
  const name = `rolekeeper_${version}_${ARCHITECTURES[architecture]}.deb`;
  const documents = join(tree, DOCUMENTS);
  writeFileSync(join(documents, 'copyright'), readFileSync(join(import.meta.dirname, 'deb/copyright')));
  writeFileSync(
    join(documents, 'changelog.gz'),
    compressed(readFileSync(join(root, 'CHANGELOG.md'), 'utf8')),
  );
  writeFileSync(join(documents, 'changelog.Debian.gz'), compressed(changelog(version, maintainer, epoch)));
  renameSync(join(tree, ZSH_FUNCTIONS), join(tree, ZSH_FUNCTIONS_OF_DEBIAN));
  directory(join(tree, 'usr/share/lintian/overrides'));
  const overrides = join(tree, 'usr/share/lintian/overrides/rolekeeper');
  writeFileSync(overrides, readFileSync(join(import.meta.dirname, 'deb/lintian-overrides')));
  settle(tree, epoch);

  const paths = filesIn(tree);
  const bytes = paths.reduce((sum, path) => sum + Math.ceil(statSync(path).size / 1024), 0);
  const sums = paths
    .map(
      (path) => [relative(tree, path), createHash('md5').update(readFileSync(path)).digest('hex')] as const,
    )
    .filter(([path]) => `/${path}` !== CONFIGURATION)
    .map(([path, sum]) => `${sum}  ${path}\n`);
  directory(join(tree, 'DEBIAN'));
  write('control', control(version, ARCHITECTURES[architecture], maintainer, bytes));
  write('conffiles', `${CONFIGURATION}\n`);
  write('md5sums', sums.join(''));
  for (const script of SCRIPTS) {
    write(script, readFileSync(join(import.meta.dirname, 'deb', script), 'utf8'), 0o755);
  }
  const options = ['--root-owner-group', '-Zxz', `-z${compression}`, '--threads-max=1'];
  execFileSync('dpkg-deb', [...options, '--build', tree, join(output, name)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
  });
  return name;

  function write(file: string, text: string, mode = 0o644): void {
    writeFileSync(join(tree, 'DEBIAN', file), text);
    chmodSync(join(tree, 'DEBIAN', file), mode);
  }
}

function control(version: string, architecture: string, maintainer: string, kibibytes: number): string {
  return `Package: rolekeeper
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${kibibytes}
Depends: libc6 (>= 2.28), libstdc++6 (>= 6), libgcc-s1 | libgcc1, libatomic1, systemd | systemd-standalone-sysusers, init-system-helpers (>= 1.52)
Suggests: nftables
Section: admin
Priority: optional
Description: ${SUMMARY.charAt(0).toLowerCase()}${SUMMARY.slice(1)}
${DESCRIPTION.map((paragraph) => paragraph.replaceAll(/^/gm, ' ')).join('\n .\n')}
`;
}

function changelog(version: string, maintainer: string, epoch: number): string {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `rolekeeper (${version}) stable; urgency=medium

  * See changelog.gz for what is new.

 -- ${maintainer}  ${date}
`;
}
