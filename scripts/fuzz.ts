/**
 * `npm run fuzz -- --requests N [--seed N]`: hostile requests over real sockets, on loopback, against every HTTP listener
 * of a running agent. No credential may reach a request that has no right to it; nothing may crash, hang or grow.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz } from '../test/fuzz/campaign.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(process.pid) },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);
const workDirectory = mkdtempSync(join(tmpdir(), 'rolekeeper-fuzz-'));

try {
  say(`fuzzing with ${values.requests} requests, seed ${values.seed}`);
  const began = performance.now();
  const report = await fuzz({
    requests: Number(values.requests),
    seed: Number(values.seed),
    runtimeDirectory: join(workDirectory, 'run'),
    tell: (line) => say(`  ${line}`),
  });
  const seconds = (performance.now() - began) / 1_000;
  for (const [status, count] of Object.entries(report.answers))
    say(`answers with status ${status}: ${count}`);
  for (const [name, { asked, p50, p99, most }] of Object.entries(report.healthy)) {
    say(
      `healthy client of the ${name}: ${asked} answers, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, slowest ${most.toFixed(1)} ms`,
    );
  }
  const { rightful, socket } = report.credentialsTo;
  say(`credentials given: ${rightful} to rightful requests, ${socket} over the socket, whose mode decides`);
  for (const line of report.violations) say(`violation: ${line}`);
  say(
    `${report.requests} requests on ${report.connections} connections in ${seconds.toFixed(0)} s, violations: ${report.violations.length}`,
  );
  process.exitCode = report.violations.length === 0 && rightful > 0 ? 0 : 1;
} finally {
  rmSync(workDirectory, { recursive: true, force: true });
}
