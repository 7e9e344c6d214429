/** On the machine itself: SIMULATOR-URL. Prints the ratios of the executable's start-up to that of an empty program. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byTurns, ratio, sides } from '../../scripts/bench/measured.ts';
import { run, startChild } from '../support/child.ts';

const ROUNDS = 20;
const EXECUTABLE = '/usr/bin/rolekeeper';
const simulator = process.argv[2] ?? '';
const work = mkdtempSync(join(tmpdir(), 'start-up-'));
const empty = join(work, 'empty.cjs');
writeFileSync(empty, '');
const against = 'an empty program';
const reference = async () => (await run([process.execPath, empty])).ms;
let starts = 0;
try {
  const command = await byTurns(
    ROUNDS,
    async () => (await run([EXECUTABLE, 'credential-process'])).ms,
    reference,
  );
  const ready = await byTurns(ROUNDS, startToReady, reference);
  const lines = [
    `credential-process: ${ratio(command).value?.toFixed(2)} (aim 1.3): ${sides(command, 'ms', against)}`,
    `start to ready: ${ratio(ready).value?.toFixed(2)} (aim 2.5): ${sides(ready, 'ms', against)}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
} finally {
  rmSync(work, { recursive: true });
}

async function startToReady(): Promise<number> {
  const began = performance.now();
  const directory = join(work, `run-${starts++}`);
  // As the unit starts it: all by variables.
  const env = {
    ROLEKEEPER_RUNTIME_DIR: directory,
    ROLEKEEPER_IMDS_ENDPOINT: simulator,
    ROLEKEEPER_CONTAINER_ENDPOINT_LISTEN: '127.0.0.1:0',
  };
  const child = startChild([EXECUTABLE, 'serve'], { env });
  await child.says(/ Ready /);
  const ms = performance.now() - began;
  child.kill('SIGTERM');
  await child.ended;
  return ms;
}
