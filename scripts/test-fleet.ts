/**
 * `npm run test:fleet`, after `npm run build`: what docs/fleet.md gives to cloud-init, Ansible, Kubernetes and Prometheus, by these
 * themselves as far as they run here. Its last line counts the checks.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeChecksums } from './build/checksums.ts';
import { ansibleChecks } from './fleet/ansible.ts';
import { cloudInitChecks } from './fleet/cloud-init.ts';
import { kubernetesChecks } from './fleet/kubernetes.ts';
import { prometheusChecks } from './fleet/prometheus.ts';
import { report } from './package/check/report.ts';
import { packages } from './package.ts';

process.env.SOURCE_DATE_EPOCH ??= '1767225600';

const root = process.cwd();
const release = join(root, 'dist/release');
const work = mkdtempSync(join(tmpdir(), 'rolekeeper-fleet-check-'));
try {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
  const packaged = await packages({ root, release, output: work, wanted: [architecture], compression: 0 });
  writeChecksums(work);
  const checks = [...cloudInitChecks, ...ansibleChecks, ...kubernetesChecks, ...prometheusChecks];
  await report(checks, { root, release, work, architecture, packaged });
} finally {
  rmSync(work, { recursive: true, force: true });
}
