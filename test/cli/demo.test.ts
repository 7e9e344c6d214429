import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/agent-process.ts';
import { rolekeeper, startChild } from '../support/child.ts';

/** The demo, with a directory of its own for what it puts into the machine's temporary one. */
function demo() {
  const directory = temporaryDirectory();
  const child = startChild([...rolekeeper, 'demo'], { env: { TMPDIR: directory.path } });
  return {
    child,
    temporary: directory.path,
    [Symbol.dispose]() {
      child.kill('SIGKILL');
      directory[Symbol.dispose]();
    },
  };
}

// It takes about ten seconds, and longer on a busy machine.
describe.concurrent('The demo', { timeout: 60_000 }, () => {
  test('shows eight steps that hold, exits 0, and leaves nothing', async () => {
    using running = demo();
    const { code, stdout, stderr } = await running.child.ended;
    expect(stdout.match(/^.*✗.*$/gm) ?? [], stdout).toEqual([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.match(/^\d\. .+$/gm)).toHaveLength(8);
    expect(stdout.match(/^ {3}✓ held$/gm)).toHaveLength(8);
    expect(stdout).toMatch(/8 of 8 steps held, in \d+\.\d s\.\n$/);
    expect(readdirSync(running.temporary)).toEqual([]);
  });

  test('exits 1 and says what did not hold where consumers are refused for a while', async () => {
    using running = demo();
    await running.child.says(/^5\. IMDS fails/m);
    const folder = join(running.temporary, readdirSync(running.temporary)[0] ?? '');
    renameSync(join(folder, 'agent.sock'), join(folder, 'out-of-reach'));
    await running.child.says(/status meanwhile/);
    renameSync(join(folder, 'out-of-reach'), join(folder, 'agent.sock'));
    const { code, stdout } = await running.child.ended;
    expect(stdout.match(/^.*✗.*$/gm), stdout).toEqual([
      '   ✗ it should be so that every answer held credentials',
    ]);
    expect(stdout).toMatch(/7 of 8 steps held, in \d+\.\d s\.\n$/);
    expect(code).toBe(1);
    expect(readdirSync(running.temporary)).toEqual([]);
  });

  test('can be interrupted: it exits 1, says so, and leaves nothing', async () => {
    using running = demo();
    await running.child.says(/✓ held/);
    running.child.kill('SIGINT');
    const { code, signal, stdout } = await running.child.ended;
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(stdout).toMatch(/Interrupted\.\n$/);
    expect(readdirSync(running.temporary)).toEqual([]);
  });
});
