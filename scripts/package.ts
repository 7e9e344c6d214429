import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeChecksums } from './build/checksums.ts';
import { type Architecture, architectures, readLock } from './build/lock.ts';
import { buildDeb } from './package/deb.ts';
import { type Package, readMaintainer } from './package/format.ts';
import { buildRpm } from './package/rpm.ts';
import { stageTree } from './package/staged-tree.ts';
import { buildTarball } from './package/tarball.ts';
import { Skipped } from './package/tool.ts';

const builders: Readonly<Record<string, (wanted: Package) => string>> = {
  deb: buildDeb,
  rpm: buildRpm,
  'tar.gz': buildTarball,
};

export interface Packaging {
  readonly root: string;
  /** Where `npm run build` left the executables. */
  readonly release: string;
  /** Where the packages go. */
  readonly output: string;
  readonly wanted: readonly Architecture[];
  readonly compression: number;
  /** `deb`, `rpm`, `tar.gz`: all of them by default. */
  readonly formats?: readonly string[];
}

export interface Packaged {
  /** The files in `output`. */
  readonly names: readonly string[];
  /** Why there is no package of a format. */
  readonly leftOut: readonly string[];
}

/** Packages of the executables that were built. The same executable gives the same packages. */
export async function packages(packaging: Packaging): Promise<Packaged> {
  const { root, release, output, wanted, compression, formats = Object.keys(builders) } = packaging;
  const unknown = formats.filter((format) => builders[format] === undefined);
  if (unknown.length > 0) {
    throw new Error(
      `There is no format ${unknown.join(', ')}: it is one of ${Object.keys(builders).join(', ')}`,
    );
  }
  const { version } = readLock(root);
  const maintainer = readMaintainer(root);
  const epoch = releaseTime(root);
  const names: string[] = [];
  const leftOut: string[] = [];
  for (const architecture of wanted) {
    const executable = join(release, `rolekeeper-linux-${architecture}`);
    if (!existsSync(executable)) throw new Error(`There is no ${executable}: run \`npm run build\` first`);
    const work = mkdtempSync(join(tmpdir(), 'rolekeeper-package-'));
    try {
      const staged = join(work, 'staged');
      mkdirSync(staged, { mode: 0o755 });
      await stageTree({ root, release, executable, version, epoch, target: staged });
      for (const [format, build] of Object.entries(builders)) {
        if (!formats.includes(format)) continue;
        const tree = join(work, 'tree');
        execFileSync('cp', ['-a', staged, tree]);
        try {
          names.push(
            await build({ root, version, architecture, maintainer, epoch, compression, tree, output }),
          );
        } catch (error) {
          if (!(error instanceof Skipped)) throw error;
          leftOut.push(`the .${format} for ${architecture}: ${error.message}`);
        }
        rmSync(tree, { recursive: true, force: true });
      }
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return { names, leftOut };
}

/** SOURCE_DATE_EPOCH (reproducible-builds.org), else when the last commit was made, in seconds. */
function releaseTime(root: string): number {
  const given = process.env.SOURCE_DATE_EPOCH ?? '';
  if (/^\d+$/.test(given)) return Number(given);
  return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }));
}

/** `npm run package [-- --arch x64] [--format deb] [--compression 1]` */
if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      release: { type: 'string', default: 'dist/release' },
      arch: { type: 'string', multiple: true },
      format: { type: 'string', multiple: true },
      compression: { type: 'string', default: '6' },
    },
  });
  const { release, arch, format, compression } = values;
  const wanted = architectures.filter((each) => arch === undefined || arch.includes(each));
  const root = process.cwd();
  const { names, leftOut } = await packages({
    root,
    release,
    output: release,
    wanted,
    compression: Number(compression),
    ...(format === undefined ? {} : { formats: format }),
  });
  writeChecksums(release);
  process.stdout.write(names.map((name) => `${join(release, name)}\n`).join(''));
  process.stdout.write(leftOut.map((why) => `skipped: ${why}\n`).join(''));
}
