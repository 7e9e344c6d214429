/**
 * `npm run bench`: what rolekeeper costs, as ratios to the least that could do the same, measured here and now by turns
 * (ours, reference, ours, …). It takes about a minute, stays on loopback, and judges nothing: a busy machine has no
 * say in whether a change is right.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { memory, startToReady } from './bench/agent.ts';
import { callerTime } from './bench/callers.ts';
import { commandTime, helperTime } from './bench/commands.ts';
import { type Measured, render } from './bench/measured.ts';
import { openStage, type Stage } from './bench/stage.ts';

const LONGEST_MS = 110_000;

const measurements: readonly (readonly [string, (stage: Stage) => Promise<Measured>])[] = [
  ['helper', helperTime],
  ['credential-process', commandTime],
  ['start to ready', startToReady],
  ['resident memory', memory],
  ['TCP caller', callerTime({}, 0.2)],
  ['… by the tables', callerTime({ askKernel: () => undefined }, 50)],
];

await using stage = await openStage(process.cwd());
process.stdout.write(`${stage.about}\n\n`);
const deadline = pause(LONGEST_MS, 'late' as const, { ref: false });
for (const [name, measure] of measurements) {
  const measured = await Promise.race([measure(stage), deadline]).catch((error: Error) => error.message);
  if (measured === 'late') {
    process.stdout.write(`not measured: ${name} and what follows, since ${LONGEST_MS / 1000} s are over\n`);
    break;
  }
  process.stdout.write(
    typeof measured === 'string' ? `not measured: ${name}: ${measured}\n` : `${render(name, measured)}\n`,
  );
}
