import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeChecksums } from './build/checksums.ts';
import { type Architecture, architectures, readLock } from './build/lock.ts';
import { buildDeb } from './package/deb.ts';
import { stageTree } from './package/staged-tree.ts';

export interface Packaging {
  readonly root: string;
  /** Where `npm run build` left the executables. */
  readonly release: string;
  /** Where the packages go. */
  readonly output: string;
  readonly wanted: readonly Architecture[];
  readonly compression: number;
}

/** Packages of the executables that were built. Returns their names. The same executable gives the same package. */
export async function packages({
  root,
  release,
  output,
  wanted,
  compression,
}: Packaging): Promise<readonly string[]> {
  const { version } = readLock(root);
  const epoch = releaseTime(root);
  const names: string[] = [];
  for (const architecture of wanted) {
    const executable = join(release, `rolekeeper-linux-${architecture}`);
    if (!existsSync(executable)) throw new Error(`There is no ${executable}: run \`npm run build\` first`);
    const tree = mkdtempSync(join(tmpdir(), 'rolekeeper-package-'));
    try {
      const target = join(tree, 'root');
      mkdirSync(target, { mode: 0o755 });
      await stageTree({ root, release, executable, version, epoch, target });
      names.push(buildDeb({ root, version, architecture, epoch, compression, tree: target, output }));
    } finally {
      rmSync(tree, { recursive: true, force: true });
    }
  }
  return names;
}

/** SOURCE_DATE_EPOCH (reproducible-builds.org), else when the last commit was made, in seconds. */
function releaseTime(root: string): number {
  const given = process.env.SOURCE_DATE_EPOCH ?? '';
  if (/^\d+$/.test(given)) return Number(given);
  return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }));
}

/** `npm run package [-- --arch x64] [--compression 1]` */
if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      release: { type: 'string', default: 'dist/release' },
      arch: { type: 'string', multiple: true },
      compression: { type: 'string', default: '6' },
    },
  });
  const { release, arch, compression } = values;
  const wanted = architectures.filter((each) => arch === undefined || arch.includes(each));
  const root = process.cwd();
  const names = await packages({ root, release, output: release, wanted, compression: Number(compression) });
  writeChecksums(release);
  process.stdout.write(names.map((name) => `${join(release, name)}\n`).join(''));
}
