import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandWorld } from './command-world.ts';
import { openStage, type Stage } from './demo/stage.ts';
import { tour } from './demo/tour.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** How many times as fast as the clock on the wall: an hour passes in 15 seconds, a check interval in a quarter. */
const COMPRESSION = 240;

/**
 * `npm run demo`: the whole product on loopback, a few hours of an instance's life in seconds. Each step says what it
 * is about to show, shows it, and checks it; the exit status is 1 if any step did not hold.
 */
export async function demo(world: CommandWorld): Promise<ExitCode> {
  const say = (text: string) => world.stdout.write(`${text}\n`);
  const runtimeDirectory = mkdtempSync(join(tmpdir(), 'rolekeeper-demo-'));
  const began = world.clock.monotonic();
  let failed = 0;
  let stage: Stage | undefined;
  say(`rolekeeper ${world.version} on a simulated instance, time ${COMPRESSION} times as fast\n`);
  try {
    stage = await openStage(world, runtimeDirectory, COMPRESSION);
    for (const [number, { title, show }] of tour.entries()) {
      if (world.stop.aborted) break;
      say(`${number + 1}. ${title}`);
      const problems = await show({ ...stage, tell: (text) => say(`     ${text}`) }).catch(
        (error: unknown) => [`it ended with an error: ${(error as Error).message}`],
      );
      for (const problem of problems) say(`   ✗ ${problem}`);
      if (problems.length === 0) say('   ✓ held\n');
      else failed += 1;
    }
  } finally {
    await stage?.close();
    rmSync(runtimeDirectory, { recursive: true, force: true });
  }
  const seconds = ((world.clock.monotonic() - began) / 1000).toFixed(1);
  if (world.stop.aborted) {
    say('Interrupted.');
    return EXIT.failure;
  }
  say(`${tour.length - failed} of ${tour.length} steps held, in ${seconds} s.`);
  return failed === 0 ? EXIT.ok : EXIT.failure;
}
