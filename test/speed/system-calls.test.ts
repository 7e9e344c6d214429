import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/agent-process.ts';
import { helper } from '../support/child.ts';
import { exampleAnswer, fileContent, uptime } from '../support/helper-fixture.ts';

/** Beside one for each byte that it reads: dash reads so, so that what follows is left to others. */
const MOST_CALLS = 200;

const strace = spawnSync('strace', ['-f', '-c', 'true'], { encoding: 'utf8' });
const isHere = strace.status === 0;
const why = strace.error?.message ?? strace.stderr?.trim().split('\n')[0];

test.skipIf(!isHere)(
  `the helper starts no process and asks the kernel for little${isHere ? '' : ` (skipped: strace cannot be used: ${why})`}`,
  () => {
    using work = temporaryDirectory();
    const runtimeDirectory = join(work.path, 'run');
    const counts = join(work.path, 'counts');
    mkdirSync(runtimeDirectory);
    const content = fileContent(exampleAnswer, uptime() + 3_600);
    writeFileSync(join(runtimeDirectory, 'credential-process.json'), content);
    const env = { ROLEKEEPER_RUNTIME_DIR: runtimeDirectory, PATH: '/usr/bin:/bin' };
    const { stdout } = spawnSync('strace', ['-f', '-c', '-o', counts, helper], { env, encoding: 'utf8' });
    expect(stdout).toBe(`${exampleAnswer}\n`);

    const calls = callsIn(readFileSync(counts, 'utf8'));
    expect(calls.get('execve')).toBe(1);
    for (const name of ['fork', 'vfork', 'clone', 'clone3', 'wait4', 'connect']) {
      expect(calls.has(name), name).toBe(false);
    }
    const inAll = [...calls.values()].reduce((sum, count) => sum + count, 0);
    expect(inAll).toBeLessThan(content.length + MOST_CALLS);
  },
);

/** Of `strace -c`: a line for each call, its count the fourth column and its name the last. */
function callsIn(table: string): Map<string, number> {
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/));
  return new Map(
    rows
      .filter(([first = '', , , , last]) => /^\d+\.\d+$/.test(first) && last !== undefined)
      .map((row) => [row.at(-1) ?? '', Number(row[3])] as const)
      .filter(([name]) => name !== 'total'),
  );
}
