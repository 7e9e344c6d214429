import { join } from 'node:path';
import { timed } from './commands.ts';
import { byTurns, ratio, sides } from './measured.ts';
import type { Row } from './row.ts';
import type { Stage } from './stage.ts';

/** From spawn until the agent says that it is ready, its first set fetched; against an empty program, run to its end. */
export async function startToReady(stage: Stage): Promise<readonly Row[]> {
  const empty = join(stage.root, 'scripts/bench/references/empty.cjs');
  const pairs = await byTurns(
    stage.rounds(25),
    async () => {
      const began = performance.now();
      const agent = await stage.agent();
      const ms = performance.now() - began;
      await agent.end();
      return ms;
    },
    () => timed({ ...stage, rounds: () => 1 }, [[process.execPath, empty]], 1, {})[0]?.[0] ?? Number.NaN,
  );
  const figure = 'start to READY / empty node';
  return [
    { figure, unit: '×', aim: { most: 2.5 }, ...ratio(pairs), detail: sides(pairs, 'ms', 'node EMPTY-FILE') },
  ];
}
