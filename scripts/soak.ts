/**
 * `npm run soak -- --hours N` (or `--minutes N`): an agent with every surface on, read on all of them without a pause, while
 * its credentials rotate every ten seconds and its IMDS forgets its tokens once a minute. What it holds and how long its
 * answers take is written over time to `reports/soak.svg` and `.json`; exit status 1 if an answer was wrong.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openStage } from './bench/stage.ts';
import { chart } from './soak/chart.ts';
import { startReaders } from './soak/readers.ts';
import { type Sample, sampleOf } from './soak/sample.ts';
import { verdict } from './soak/verdict.ts';

const { values } = parseArgs({ options: { hours: { type: 'string' }, minutes: { type: 'string' } } });
const minutes = values.minutes === undefined ? Number(values.hours ?? 1) * 60 : Number(values.minutes);
const ROTATE_MS = 10_000;
const FORGET_MS = 60_000;
const SAMPLES = 120;
const SHORTEST_SAMPLE_MS = 2_000;

const root = process.cwd();
await using stage = await openStage(root, false);
const agent = await stage.agent({ flags: ['--imds-check-interval', '1s'] });
const readers = await startReaders(stage, agent);
const began = performance.now();
const timers = [
  setInterval(() => control({ rotate: true }), ROTATE_MS),
  setInterval(() => control({ forgetTokens: true }), FORGET_MS),
];
process.stdout.write(`${stage.about.join('\n')}\nSoaking for ${minutes} minutes\n`);
const samples: Sample[] = [];
const step = Math.max(SHORTEST_SAMPLE_MS, (minutes * 60_000) / SAMPLES);
while (performance.now() - began < minutes * 60_000) {
  await pause(step);
  const sample = sampleOf((performance.now() - began) / 60_000, agent.pid, readers.taken());
  samples.push(sample);
  if (samples.length % 10 === 0) process.stdout.write(`${JSON.stringify(sample)}\n`);
}
for (const timer of timers) clearInterval(timer);
await readers.stop();
await agent.end();

const { lines, isGood } = verdict(samples, readers.wrong());
mkdirSync(join(root, 'reports'), { recursive: true });
writeFileSync(join(root, 'reports/soak.svg'), chart(samples, stage.about[0] ?? ''));
writeFileSync(
  join(root, 'reports/soak.json'),
  `${JSON.stringify({ about: stage.about, minutes, samples })}\n`,
);
process.stdout.write(`${lines.join('\n')}\nWritten to reports/soak.svg and .json\n`);
process.exitCode = isGood ? 0 : 1;

function control(command: object): void {
  const told = fetch(`${stage.simulatorUrl}/_control`, { method: 'POST', body: JSON.stringify(command) });
  told.catch((error: Error) => process.stdout.write(`The simulator was not told: ${error.message}\n`));
}
