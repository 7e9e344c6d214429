/**
 * `npm run siege -- [--seconds N]`: idle, slow, half-open and flooding connections on each surface in turn, on loopback,
 * N seconds each, while healthy clients ask the other surfaces: no answer of theirs may fail.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { siege } from '../test/fuzz/siege.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' } } });
const say = (line: string) => process.stdout.write(`${line}\n`);
const DESCRIPTORS = 12_000;

if (process.env.ROLEKEEPER_SIEGE_LIMITS === undefined) {
  const self = [process.execPath, fileURLToPath(import.meta.url), '--seconds', values.seconds];
  const script = `ulimit -n ${DESCRIPTORS} || { echo 'skipped: 10,000 connections take a limit of ${DESCRIPTORS} open files'; exit 0; }; exec "$@"`;
  const env = { ...process.env, ROLEKEEPER_SIEGE_LIMITS: '1' };
  process.exit(spawnSync('/bin/sh', ['-c', script, 'sh', ...self], { stdio: 'inherit', env }).status ?? 1);
}

const workDirectory = mkdtempSync(join(tmpdir(), 'rolekeeper-siege-'));
try {
  const reports = await siege({
    seconds: Number(values.seconds),
    runtimeDirectory: join(workDirectory, 'run'),
    tell: (line) => say(`  ${line}`),
  });
  for (const { surface, attack, failures } of reports) {
    for (const failure of failures.slice(0, 3)) say(`failed: during ${attack} on the ${surface}: ${failure}`);
  }
  const failed = reports.filter(({ failures, answers }) => failures.length > 0 || answers === 0).length;
  say(`worst p99 of a healthy client: ${Math.max(...reports.map(({ p99 }) => p99)).toFixed(1)} ms`);
  say(`${reports.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  rmSync(workDirectory, { recursive: true, force: true });
}
