/**
 * `npm run test:package`, after `npm run build`: the executables, the packages as they are, and what comes of installing
 * them on a copy of this machine. Its last line counts the checks.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { executableChecks } from './package/check/executable.ts';
import { installationChecks } from './package/check/installation.ts';
import { packageChecks } from './package/check/package.ts';
import { report } from './package/check/report.ts';
import { rpmChecks } from './package/check/rpm.ts';
import { tarballChecks } from './package/check/tarball.ts';
import { unitChecks } from './package/check/units.ts';
import { packages } from './package.ts';

// No check depends on when the last commit was made, nor on git.
process.env.SOURCE_DATE_EPOCH ??= '1767225600';

const root = process.cwd();
const release = join(root, 'dist/release');
const work = mkdtempSync(join(tmpdir(), 'rolekeeper-package-check-'));
try {
  const wanted = [process.arch === 'arm64' ? 'arm64' : 'x64'] as const;
  const packaged = await packages({ root, release, output: work, wanted, compression: 0 });
  const checks = [
    ...packageChecks,
    ...rpmChecks,
    ...tarballChecks,
    ...installationChecks,
    ...executableChecks,
    ...unitChecks,
  ];
  await report(checks, { root, release, work, architecture: wanted[0], packaged });
} finally {
  rmSync(work, { recursive: true, force: true });
}
