import { setTimeout as pause } from 'node:timers/promises';
import { type Steps, same } from '../network/steps.ts';
import { configure, type Scene, SOON_MS, serves } from './scene.ts';

/** The unit lets three seconds pass between two tries. */
const LOOKED_FOR_MS = 7_000;
const MOST_RESTARTS = 3;

/** `systemctl reload` after an edit of the configuration. */
export async function reloadSteps(scene: Scene, { step }: Steps): Promise<void> {
  const { instance, simulator } = scene;
  await configure(scene, '');
  await instance.sh('systemctl restart rolekeeper.service');
  await serves(scene);
  const pid = await instance.property('MainPID');
  const canReload = (await instance.property('CanReload')) === 'yes';
  const reload = async (text: string) => {
    await configure(scene, text);
    return await instance.run(['systemctl', 'reload', 'rolekeeper.service']);
  };

  await step(
    'reload applies another pace of checks and another log level, without a restart',
    async (skip) => {
      if (!canReload) skip('the service has no way to reload');
      same((await reload('[imds]\ncheck_interval = "1s"\n[log]\nlevel = "debug"')).code, 0);
      await simulator.control({ rotate: true });
      await serves(scene);
      await instance.until(
        'a line of debugging',
        async () => (await instance.journal('--unit=rolekeeper', '--priority=debug..debug')) !== '',
        SOON_MS,
      );
      same(await instance.property('MainPID'), pid);
    },
  );
  await step(
    'reload with a bad configuration: the old one runs on, and the status says why',
    async (skip) => {
      if (!canReload) skip('the service has no way to reload');
      same((await reload('[imds]\ncheck_interval = "soon"')).code, 1);
      await instance.until(
        'a word of imds.check_interval in the status',
        async () => (await instance.property('StatusText')).includes('imds.check_interval must be'),
        SOON_MS,
      );
      await simulator.control({ rotate: true });
      await serves(scene);
      same([await instance.property('MainPID'), await instance.property('ActiveState')], [pid, 'active']);
    },
  );
  await step('reload names what takes a restart, and leaves it as it was', async (skip) => {
    if (!canReload) skip('the service has no way to reload');
    await reload('[imds]\ncheck_interval = "1s"\n[container_endpoint]\nlisten = "127.0.0.1:9914"');
    await instance.until(
      'a word of container_endpoint.listen in the journal',
      async () => (await instance.journal('--unit=rolekeeper')).includes('container_endpoint.listen'),
      SOON_MS,
    );
    same(await instance.sh("grep -c ':26BA .* 0A ' /proc/net/tcp || true"), '0\n');
    same(await instance.property('MainPID'), pid);
  });
  await step(
    'a wrong configuration at a start: tried every few seconds, and served once it is right',
    async () => {
      await configure(scene, '[imds]\ncheck_interval = "soon"');
      same((await instance.run(['systemctl', 'restart', 'rolekeeper.service'])).code, 1);
      await pause(LOOKED_FOR_MS);
      const restarts = Number(await instance.property('NRestarts'));
      same(restarts >= 1 && restarts <= MOST_RESTARTS, true, `${restarts} restarts`);
      same(await instance.property('ActiveState', 'rolekeeper.socket'), 'active');
      await configure(scene, '');
      await instance.sh('systemctl restart rolekeeper.service');
      await serves(scene);
    },
  );
}
