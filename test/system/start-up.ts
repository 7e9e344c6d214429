import type { Steps } from '../network/steps.ts';
import { CHECKOUT } from './machine-root.ts';
import type { Scene } from './scene.ts';

/** What the installed executable costs to start, against an empty program of its runtime. For information. */
export async function startUpSteps({ instance, simulator, tell }: Scene, _: Steps): Promise<void> {
  const node = `${CHECKOUT}/node_modules/.bin/node`;
  const { code, stdout, stderr } = await instance.run([
    node,
    `${CHECKOUT}/test/system/start-up-times.ts`,
    simulator.url,
  ]);
  tell(code === 0 ? stdout.trimEnd().replaceAll(/^/gm, '  ') : `  not measured: ${stderr}`);
}
