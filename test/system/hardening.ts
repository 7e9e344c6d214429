import { type Steps, same } from '../network/steps.ts';
import type { Scene } from './scene.ts';

/** Of 10; systemd's own scale (systemd-analyze(1)). */
const HIGHEST_EXPOSURE = 1.7;

/** What the machine's own systemd thinks of the units. */
export async function hardeningSteps({ instance, tell }: Scene, { step }: Steps): Promise<void> {
  await step('systemd-analyze verify has nothing to say about the installed units', async () => {
    const units = (await instance.sh('cd /usr/lib/systemd/system && ls -d rolekeeper*')).split('\n');
    same(await instance.sh(`systemd-analyze verify --man=no ${units.join(' ')}`), '');
  });
  await step(`the service is exposed no more than ${HIGHEST_EXPOSURE} of 10`, async () => {
    const found = await exposure('/usr/lib/systemd/system/rolekeeper.service');
    tell(`  exposure of rolekeeper.service: ${found}`);
    same(found <= HIGHEST_EXPOSURE, true, String(found));
  });

  async function exposure(path: string): Promise<number> {
    const told = await instance.sh(`systemd-analyze security --offline=true --no-pager ${path}`);
    return Number(/exposure level for \S+: ([\d.]+)/.exec(told)?.[1]);
  }
}
