import { setTimeout as pause } from 'node:timers/promises';
import { type Steps, same } from '../network/steps.ts';
import type { Instance } from './instance.ts';
import { type Scene, serves } from './scene.ts';

/** Longer than the agent takes to say that it waits. */
const ATTACHED_AFTER_MS = 20_000;
/** How often an agent looks for a role that is not there, with the most that chance adds to that. */
const LONGEST_CHECK_MS = 16_500;
/** For the programs that look whether it is so. */
const GRACE_MS = 2_500;

/** A boot before the role is attached, nothing edited. Leaves the role attached. */
export async function bootSteps(scene: Scene, { step }: Steps): Promise<void> {
  const { instance, simulator, tell } = scene;
  const waiting = instance.start(['rolekeeper', 'wait', '--timeout', '120s'], { user: 'member' });
  await pause(Math.max(0, ATTACHED_AFTER_MS - (performance.now() - instance.bootedAt)));

  await step(
    '20 s after a boot without a role: the agent runs, nothing has failed, the consumer waits',
    async () => {
      same(await states(instance), {
        agent: 'active',
        restarts: '0',
        consumer: 'activating',
        failed: '',
      });
      same(waiting.stdout() + waiting.stderr(), '', 'rolekeeper wait says');
    },
  );

  const attached = performance.now();
  await simulator.control({ role: 'web' });
  await step('the role is attached: `rolekeeper wait` returns within a check of that', async () => {
    const { code, stderr } = await waiting.ended;
    const ms = performance.now() - attached;
    same({ code, stderr }, { code: 0, stderr: '' });
    if (ms > LONGEST_CHECK_MS + GRACE_MS) throw new Error(`it took ${(ms / 1000).toFixed(1)} s`);
    tell(`  ${(ms / 1000).toFixed(1)} s after it was attached`);
  });
  await step('the consumer starts then, and not before', async () => {
    await instance.until(
      'a consumer that has started',
      async () => (await instance.property('ActiveState', 'consumer.service')) !== 'activating',
      GRACE_MS,
    );
    same(await states(instance), { agent: 'active', restarts: '0', consumer: 'active', failed: '' });
  });
  await serves(scene);
}

async function states(instance: Instance) {
  return {
    agent: await instance.property('ActiveState'),
    restarts: await instance.property('NRestarts'),
    consumer: await instance.property('ActiveState', 'consumer.service'),
    failed: (await instance.sh('systemctl --failed --plain --no-legend')).trim(),
  };
}
