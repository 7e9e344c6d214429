import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { runProgramOfSystem } from '../../src/platform/run-program.ts';

const run = (command: readonly string[], input = '', deadlineMs = 10_000) =>
  runProgramOfSystem(command, { input, deadlineMs, clock: systemClock });

describe('a program of the system', () => {
  test('is given its input, and its output and status come back', async () => {
    const end = await run(['/bin/sh', '-c', 'cat; echo wrong >&2; exit 3'], 'text');
    expect(end).toEqual({ status: 3, stdout: 'text', stderr: 'wrong\n' });
  });

  test('gets nothing of our environment', async () => {
    process.env.ROLEKEEPER_TEST_SECRET = 'EXAMPLE';
    const { stdout } = await run(['/usr/bin/env']);
    delete process.env.ROLEKEEPER_TEST_SECRET;
    expect(stdout.trim().split('\n').sort()).toEqual(['LC_ALL=C', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin']);
  });

  test('that is not there is told by its code', async () => {
    expect(await run(['/no/such/program'])).toMatchObject({ status: undefined, reason: 'ENOENT' });
  });

  test('that does not read its input ends all the same', async () => {
    expect(await run(['/bin/true'], 'x'.repeat(1_000_000))).toMatchObject({ status: 0 });
  });

  test('that takes too long is ended', async () => {
    expect(await run(['/bin/cat', '/dev/zero'], '', 20)).toMatchObject({
      status: undefined,
      reason: 'SIGKILL',
    });
  });
});
