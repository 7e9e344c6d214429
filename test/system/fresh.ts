import { type Steps, same } from '../network/steps.ts';
import type { User } from './machine-root.ts';
import { keyOf, type Scene } from './scene.ts';

const COMMANDS = [
  ['rolekeeper', 'credential-process'],
  ['/usr/libexec/rolekeeper/credential-process'],
] as const;
/** The sockets first: systemd starts none whose service is there already. */
const ALL = 'rolekeeper.socket rolekeeper-container.socket rolekeeper.service';

/** Nothing was edited: who gets credentials, and what starts the agent. */
export async function freshSteps({ instance, simulator }: Scene, { step }: Steps): Promise<void> {
  const { accessKeyId } = await simulator.currentSet();
  for (const command of COMMANDS) {
    const name = command.join(' ');
    for (const user of [undefined, 'member'] as const satisfies readonly (User | undefined)[]) {
      await step(`fresh install: ${name} by ${user ?? 'root'} prints the current set`, async () => {
        const { code, stdout, stderr } = await instance.run(command, user === undefined ? {} : { user });
        same({ code, stderr }, { code: 0, stderr: '' });
        same(JSON.parse(stdout).AccessKeyId, accessKeyId);
      });
    }
    await step(`fresh install: ${name} by a stranger prints nothing, and names the group`, async () => {
      const { code, stdout, stderr } = await instance.run(command, { user: 'stranger' });
      same({ code, stdout }, { code: 4, stdout: '' });
      same(/\bgroup\b.*\brolekeeper$/m.test(stderr), true, stderr);
    });
  }
  await step(
    'the container endpoint answers a member who reads the token, and nobody without it',
    async () => {
      const url = 'http://127.0.0.1:9911/v1/container-credentials';
      const ask = `curl -sS -H "Authorization: $(cat /run/rolekeeper/container-token)" ${url}`;
      same(JSON.parse(await instance.sh(ask, { user: 'member' })).AccessKeyId, accessKeyId);
      const status = `curl -s -o /dev/null -w '%{http_code}' ${url}`;
      same(await instance.sh(status, { user: 'stranger' }), '401');
    },
  );
  await step('with the service stopped, whoever asks starts it', async () => {
    await instance.sh('systemctl stop rolekeeper.service');
    same(await instance.property('ActiveState'), 'inactive');
    same(await keyOf(instance), accessKeyId);
    same(await instance.property('ActiveState'), 'active');
  });
  await step('`systemctl start rolekeeper.socket` alone serves whoever asks', async () => {
    await instance.sh(`systemctl stop ${ALL}`);
    await instance.sh('systemctl start rolekeeper.socket');
    same(await instance.property('ActiveState'), 'inactive');
    same(await keyOf(instance), accessKeyId);
    await instance.sh(`systemctl stop ${ALL}`);
    await instance.sh(`for unit in ${ALL}; do systemctl start $unit; done`);
    same(await keyOf(instance), accessKeyId);
  });
}
