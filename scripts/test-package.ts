/**
 * `npm run test:package`, after `npm run build`: the executables, the packages as they are, and what comes of installing
 * them on a copy of this machine. Its last line counts the checks.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Check, Subject } from './package/check/check.ts';
import { executableChecks } from './package/check/executable.ts';
import { installationChecks } from './package/check/installation.ts';
import { packageChecks } from './package/check/package.ts';
import { rpmChecks } from './package/check/rpm.ts';
import { tarballChecks } from './package/check/tarball.ts';
import { unitChecks } from './package/check/units.ts';
import { Skipped } from './package/tool.ts';
import { packages } from './package.ts';

// No check depends on when the last commit was made, nor on git.
process.env.SOURCE_DATE_EPOCH ??= '1767225600';

const root = process.cwd();
const release = join(root, 'dist/release');
const work = mkdtempSync(join(tmpdir(), 'rolekeeper-package-check-'));
const count = { passed: 0, failed: 0, skipped: 0 };
try {
  const wanted = [process.arch === 'arm64' ? 'arm64' : 'x64'] as const;
  const packaged = await packages({ root, release, output: work, wanted, compression: 0 });
  const subject: Subject = { root, release, work, architecture: wanted[0], packaged };
  const checks = [
    ...packageChecks,
    ...rpmChecks,
    ...tarballChecks,
    ...installationChecks,
    ...executableChecks,
    ...unitChecks,
  ];
  for (const check of checks) count[await outcome(check, subject)] += 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
process.exitCode = count.failed === 0 ? 0 : 1;

async function outcome({ title, run }: Check, subject: Subject): Promise<keyof typeof count> {
  try {
    const told = await run(subject);
    process.stdout.write(`passed: ${title}${told === undefined ? '' : `: ${told}`}\n`);
    return 'passed';
  } catch (error) {
    const isSkipped = error instanceof Skipped;
    process.stdout.write(`${isSkipped ? 'skipped' : 'failed'}: ${title}: ${(error as Error).message}\n`);
    return isSkipped ? 'skipped' : 'failed';
  }
}
