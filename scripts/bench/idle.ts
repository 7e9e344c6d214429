import { setTimeout as pause } from 'node:timers/promises';
import { plain, type Row } from './row.ts';
import { processorTime, type Stage } from './stage.ts';

/**
 * Processor time of an agent that nobody asks, from a moment after its start on, its checks of IMDS included. It runs
 * beside the other measurements: what they take is not its own.
 */
export async function idleProcessor(stage: Stage, minutes: number): Promise<() => Promise<readonly Row[]>> {
  const agent = await stage.agent();
  await pause(2_000);
  const [began, before] = [performance.now(), processorTime(agent.pid)];
  return async () => {
    await pause(Math.max(0, minutes * 60_000 - (performance.now() - began)));
    const seconds = (performance.now() - began) / 1_000;
    const used = (processorTime(agent.pid) - before) / 1e6;
    await agent.end();
    return [
      {
        figure: 'processor time when idle',
        unit: '%',
        aim: { most: 0.05 },
        value: used / 10 / seconds,
        detail: `${plain(used)} ms in ${plain(seconds)} s`,
      },
    ];
  };
}
