/**
 * `npm run test:system`: a Debian machine with the freshly built package, booted with systemd as
 * PID 1 in namespaces of its own, with a simulated IMDS at the real address on its own `lo`: nothing can leave it. Its last
 * line counts the checks. `-- WORD` runs the groups with that word in their name.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Skipped } from './package/tool.ts';
import { packages } from './package.ts';
import { baseRoot } from './system/base-root.ts';
import { ownCgroup } from './system/cgroup.ts';
import { freshExecutable } from './system/fresh-executable.ts';
import { nextVersion } from './system/next-version.ts';
import { requireNamespaces, requirePrograms } from './system/requirements.ts';

/** Everything that the run has started ends with the first process of these. */
const ISOLATED = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const LONGEST_SECONDS = 540;

// No check depends on when the last commit was made, nor on git.
process.env.SOURCE_DATE_EPOCH ??= '1767225600';
const root = process.cwd();
const work = mkdtempSync(join(tmpdir(), 'rolekeeper-system-'));
try {
  requirePrograms();
  requireNamespaces(ISOLATED);
  const base = baseRoot();
  const wanted = [process.arch === 'arm64' ? 'arm64' : 'x64'] as const;
  const release = freshExecutable(root);
  const formats = ['deb'];
  const { names } = await packages({ root, release, output: work, wanted, compression: 0, formats });
  const deb = join(work, names[0] ?? '');
  const script = join(root, 'test/system/run.ts');
  const limited = ['--signal=KILL', `${LONGEST_SECONDS}`, 'unshare', ...ISOLATED];
  const words = process.argv.slice(2);
  const command = [process.execPath, script, base, work, deb, nextVersion(deb, work), ...words];
  const cgroup = ownCgroup();
  try {
    const [program = '', ...args] = [...cgroup.entering, 'timeout', ...limited, ...command];
    process.exitCode = spawnSync(program, args, { stdio: 'inherit' }).status ?? 1;
  } finally {
    cgroup.remove();
  }
} catch (error) {
  if (!(error instanceof Skipped)) throw error;
  process.stdout.write(`skipped: all of it: ${error.message}\n0 passed, 0 failed, 1 skipped\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
