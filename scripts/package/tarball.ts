import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { sha256 } from '../build/checksums.ts';
import type { Architecture } from '../build/lock.ts';
import type { Package } from './format.ts';
import { addDocuments, filesIn, settle } from './staged-tree.ts';
import { needs } from './tool.ts';

/** As `uname -m` names them. */
const MACHINES: Readonly<Record<Architecture, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** A .tar.gz of the tree with an installer, for machines without dpkg and rpm. Returns its name. */
export function buildTarball(wanted: Package): string {
  const { root, version, architecture, epoch, compression, tree, output } = wanted;
  needs('tar', 'tar');
  const folder = `rolekeeper-${version}-linux-${architecture}`;
  const name = `${folder}.tar.gz`;
  addDocuments(root, tree);
  const top = mkdtempSync(join(tmpdir(), 'rolekeeper-tarball-'));
  try {
    const unpacked = join(top, folder);
    mkdirSync(unpacked, { mode: 0o755 });
    renameSync(tree, join(unpacked, 'files'));
    const sums = filesIn(join(unpacked, 'files')).map(
      (path) => `${sha256(path)}  ${relative(join(unpacked, 'files'), path)}\n`,
    );
    writeFileSync(join(unpacked, 'files.sha256'), sums.join(''), { mode: 0o644 });
    const installer = readFileSync(join(import.meta.dirname, 'tarball/install.sh'), 'utf8')
      .replace(/^version=.*$/m, `version=${version}`)
      .replace(/^machine=.*$/m, `machine=${MACHINES[architecture]}`);
    writeFileSync(join(unpacked, 'install.sh'), installer, { mode: 0o755 });
    settle(top, epoch);
    const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--format=ustar'];
    const archive = join(top, `${folder}.tar`);
    execFileSync('tar', ['--create', '--file', archive, ...same, '--directory', top, folder]);
    // From a file: how a pipe happens to cut its input must not matter. gzip has no level 0.
    execFileSync('gzip', ['--no-name', `-${Math.max(1, compression)}`, archive]);
    execFileSync('mv', [`${archive}.gz`, join(output, name)]);
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
  return name;
}
