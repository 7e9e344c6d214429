import { join } from 'node:path';
import { load, surfacesOf } from './load.ts';
import { plain, type Row } from './row.ts';
import { type RunningAgent, type Stage, says } from './stage.ts';

/**
 * For how long the agent's event loop was busy at a time, so that nothing new was begun, under load on all HTTP surfaces
 * at once.
 */
export async function longestBlock(stage: Stage, seconds: number): Promise<readonly Row[]> {
  const probe = join(stage.root, 'scripts/bench/references/longest-block.cjs');
  const agent = await stage.agent({
    leader: stage.tools.pinned(0),
    program: [
      process.execPath,
      '--max-old-space-size=64',
      '--max-semi-space-size=2',
      '--require',
      probe,
      stage.bundle,
    ],
  });
  const surfaces = await surfacesOf(stage, agent);
  // What is compiled once is compiled before.
  await Promise.all(surfaces.map((surface) => load(stage, surface, 32, 10_000)));
  await delays(agent);
  const end = performance.now() + seconds * 1_000;
  let requests = 0;
  while (performance.now() < end) {
    const results = await Promise.all(surfaces.map((surface) => load(stage, surface, 32, 5_000)));
    requests += results.reduce((sum, result) => sum + result.requests, 0);
  }
  const { max, p999, usual } = await delays(agent);
  await agent.end();
  return [
    {
      figure: "event loop's longest block under load",
      unit: 'ms',
      aim: { most: 10 },
      value: max,
      detail: `99.9 % under ${plain(p999)} ms, half under ${plain(usual)} ms; ${requests.toLocaleString('en')} answers in ${seconds} s`,
    },
  ];
}

async function delays({ child }: RunningAgent) {
  const told = says(child, 'stderr', / Busy (\S+) (\S+) (\S+)/);
  child.kill('SIGUSR2');
  const [max = Number.NaN, p999 = Number.NaN, usual = Number.NaN] = (await told).slice(1).map(Number);
  return { max, p999, usual };
}
