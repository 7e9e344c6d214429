/**
 * `npm run chaos -- --seconds N [--seed N]`: the agent as a process, on the simulator, with everything going wrong in
 * turn, while real readers ask all the time and every answer is judged by what the simulator handed out. As root it
 * runs in a mount namespace of its own with a small tmpfs as runtime directory, so that the disk can be filled.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { campaign } from '../test/chaos/campaign.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(process.pid) },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);
const isRoot = process.geteuid?.() === 0;

if (isRoot && process.env.ROLEKEEPER_CHAOS_NAMESPACE === undefined && canUnshare()) {
  const self = [fileURLToPath(import.meta.url), '--seconds', values.seconds, '--seed', values.seed];
  const env = { ...process.env, ROLEKEEPER_CHAOS_NAMESPACE: '1' };
  const { status } = spawnSync('unshare', ['--mount', process.execPath, ...self], { stdio: 'inherit', env });
  process.exit(status ?? 1);
}

const workDirectory = mkdtempSync(join(tmpdir(), 'rolekeeper-chaos-'));
const runtimeDirectory = join(workDirectory, 'run');
mkdirSync(runtimeDirectory);
const isSmallDisk = process.env.ROLEKEEPER_CHAOS_NAMESPACE !== undefined;
if (isSmallDisk) {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0755', 'tmpfs', runtimeDirectory]);
} else say('skipped: filling the disk needs root and a mount namespace (unshare --mount)');
const faketime = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));
if (faketime === undefined) say("skipped: moving the wall clock needs Debian's package libfaketime");

try {
  say(`chaos for ${values.seconds} s, seed ${values.seed}`);
  const report = await campaign({
    seconds: Number(values.seconds),
    seed: Number(values.seed),
    runtimeDirectory,
    workDirectory,
    isSmallDisk,
    faketime,
    tell: (line) => say(`  ${line}`),
  });
  for (const [name, count] of Object.entries(report.played)) say(`played ${count} times: ${name}`);
  for (const [name, count] of Object.entries(report.byReader)) say(`answers to ${name}: ${count}`);
  const first = report.resources.at(0);
  const last = report.resources.at(-1);
  say(
    `agent at first: ${first?.megabytes} MB, ${first?.descriptors} descriptors; at last: ${last?.megabytes} MB, ${last?.descriptors}`,
  );
  say(`refused or unreachable: ${report.refused}`);
  for (const line of report.wrong.slice(0, 20)) say(`wrong: ${line}`);
  say(`answers checked: ${report.checked}, wrong: ${report.wrong.length}`);
  process.exitCode = report.wrong.length === 0 && report.checked > 0 ? 0 : 1;
} finally {
  if (isSmallDisk) execFileSync('umount', [runtimeDirectory]);
  rmSync(workDirectory, { recursive: true, force: true });
}

function canUnshare(): boolean {
  return spawnSync('unshare', ['--mount', 'true']).status === 0;
}
