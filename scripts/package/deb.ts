import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Architecture } from '../build/lock.ts';
import { CONFIGURATION, compressed, DOCUMENTS, directory } from './staged-tree.ts';

export interface Package {
  readonly root: string;
  readonly version: string;
  readonly architecture: Architecture;
  readonly epoch: number;
  /** From 0 to 9: xz needs a minute for the smallest package. */
  readonly compression: number;
  /** A staged tree, which this adds to. */
  readonly tree: string;
  /** The directory that gets the package. */
  readonly output: string;
}

const ARCHITECTURES: Readonly<Record<Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
const MAINTAINER = 'The rolekeeper maintainers <maintainers@rolekeeper.example>';
const SCRIPTS = ['postinst', 'prerm', 'postrm'];

/** A .deb by dpkg-deb. Returns its name. */
export function buildDeb({ root, version, architecture, epoch, compression, tree, output }: Package): string {
  const name = `rolekeeper_${version}_${ARCHITECTURES[architecture]}.deb`;
  const documents = join(tree, DOCUMENTS);
  writeFileSync(join(documents, 'copyright'), readFileSync(join(import.meta.dirname, 'deb/copyright')));
  writeFileSync(
    join(documents, 'changelog.gz'),
    compressed(readFileSync(join(root, 'CHANGELOG.md'), 'utf8')),
  );
  writeFileSync(join(documents, 'changelog.Debian.gz'), compressed(changelog(version, epoch)));
  directory(join(tree, 'usr/share/lintian/overrides'));
  const overrides = join(tree, 'usr/share/lintian/overrides/rolekeeper');
  writeFileSync(overrides, readFileSync(join(import.meta.dirname, 'deb/lintian-overrides')));
  for (const path of filesIn(tree)) if (statSync(path).mode & 0o022) chmodSync(path, 0o644);

  const paths = [...filesIn(tree)].sort();
  const bytes = paths.reduce((sum, path) => sum + Math.ceil(statSync(path).size / 1024), 0);
  const sums = paths
    .map(
      (path) => [relative(tree, path), createHash('md5').update(readFileSync(path)).digest('hex')] as const,
    )
    .filter(([path]) => `/${path}` !== CONFIGURATION)
    .map(([path, sum]) => `${sum}  ${path}\n`);
  directory(join(tree, 'DEBIAN'));
  write('control', control(version, ARCHITECTURES[architecture], bytes));
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

function control(version: string, architecture: string, kibibytes: number): string {
  return `Package: rolekeeper
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${kibibytes}
Depends: libc6 (>= 2.28), libstdc++6 (>= 6), libgcc-s1 | libgcc1, libatomic1, systemd | systemd-standalone-sysusers, init-system-helpers (>= 1.52)
Suggests: nftables
Section: admin
Priority: optional
Description: credential agent of an EC2 instance
 One agent talks to the instance metadata service (IMDSv2 only), keeps the
 credentials of the attached role fresh, and hands them to the local processes
 that may have them: by credential_process, over a Unix socket, by the container
 endpoint that every AWS SDK knows, by files, and to programs that only know the
 metadata service itself.
 .
 The runtime, Node.js, is part of the executable; no other is needed.
`;
}

function changelog(version: string, epoch: number): string {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `rolekeeper (${version}) stable; urgency=medium

  * See changelog.gz for what is new.

 -- ${MAINTAINER}  ${date}
`;
}

function* filesIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else yield path;
  }
}
