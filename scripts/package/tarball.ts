import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { sha256 } from '../build/checksums.ts';
import type { Architecture } from '../build/lock.ts';
import type { Package } from './format.ts';
import { addDocuments, filesIn, settle } from './staged-tree.ts';
import { needs } from './tool.ts';

/** As `uname -m` names them. */
const MACHINES: Readonly<Record<Architecture, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** A .tar.gz of the tree with an installer, for machines without dpkg and rpm. Returns its name. */
export async function buildTarball(wanted: Package): Promise<string> {
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
    const same = [
      '--sort=name',
      `--mtime=@${epoch}`,
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--format=ustar',
    ];
    const tar = spawn('tar', ['--create', ...same, '--directory', top, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(tar, 'exit');
    // No name and no time in it, as `gzip -n`.
    await pipeline(tar.stdout, createGzip({ level: compression }), createWriteStream(join(output, name)));
    const [code] = await ended;
    if (code !== 0) throw new Error(`tar ended with ${code}`);
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
  return name;
}
