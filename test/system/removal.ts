import { type Steps, same } from '../network/steps.ts';
import { CHECKOUT, PACKAGE } from './machine-root.ts';
import { keyOf, type Scene } from './scene.ts';

/** Everything that is called as the package is, on disk and in memory, but for what was put there by these tests. */
const FIND = `find / /run /dev/shm /tmp -xdev \\( -path ${CHECKOUT} -o -path '/etc/systemd/system/consumer*' \
  -o -path /root -o -path /var/lib/dpkg -o -path /var/log \\) -prune -o -iname '*rolekeeper*' -print | sort -u`;

/** On the running machine, with everything of it that can be turned on. */
export async function removalSteps({ instance, simulator }: Scene, { step }: Steps): Promise<void> {
  await instance.sh(`
    rm -r /etc/systemd/system/consumer.service*
    systemctl daemon-reload
    systemctl enable --now rolekeeper-network.service 2>&1
  `);
  await step('removal stops everything, and leaves nothing but the configuration', async () => {
    await instance.sh('dpkg --remove rolekeeper');
    same(await left(), {
      files: '/etc/rolekeeper\n',
      units: '',
      processes: '',
      listeners: '',
      rules: '',
    });
    same((await instance.sh('ls /etc/rolekeeper')).trim(), 'config.toml');
  });
  await step('the purge leaves not even that, nor the user and its group', async () => {
    await instance.sh('dpkg --purge rolekeeper');
    same(await left(), { files: '', units: '', processes: '', listeners: '', rules: '' });
    same(await instance.sh('getent passwd rolekeeper || getent group rolekeeper || true'), '');
  });
  await step('installed again on the running machine, it serves at once, nothing edited', async () => {
    await instance.sh(`dpkg --install ${PACKAGE}`);
    same(await keyOf(instance), (await simulator.currentSet()).accessKeyId);
    same(await instance.property('UnitFileState'), 'enabled');
    same(await instance.property('ActiveState'), 'active');
  });

  async function left() {
    return {
      files: await instance.sh(`${FIND} || true`),
      units: await instance.sh("systemctl list-units --all --plain --no-legend 'rolekeeper*'"),
      processes: await instance.sh('cat /proc/[0-9]*/comm 2>/dev/null | grep rolekeeper || true'),
      // 26B7 and 26B8 are the ports, 0A is LISTEN.
      listeners: await instance.sh("grep -hE ':26B[78] .* 0A ' /proc/net/tcp || true"),
      rules: await instance.sh('nft list tables'),
    };
  }
}
