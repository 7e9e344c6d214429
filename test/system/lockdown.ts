import { type Steps, same } from '../network/steps.ts';
import { configure, type Scene, serves } from './scene.ts';

const UNIT = 'rolekeeper-network.service';
/** 7: refused. */
const ROOT_ASKS = `curl -sS -o /dev/null --max-time 5 --noproxy '*' http://169.254.169.254/latest/; echo "exit $?"`;

/** IMDS is the agent's alone while the unit is on. */
export async function lockdownSteps(scene: Scene, { step }: Steps): Promise<void> {
  const { instance, simulator } = scene;
  await configure(scene, '[imds]\ncheck_interval = "2s"');
  await instance.sh('systemctl restart rolekeeper.service');
  await serves(scene);
  await step('without the network unit, root reaches IMDS', async () => {
    same(await instance.sh(`set +e; ${ROOT_ASKS}`), 'exit 0\n');
  });
  await instance.sh(`systemctl start ${UNIT}`);
  await step('with the network unit, root’s curl to IMDS is refused at once', async () => {
    const began = performance.now();
    const told = await instance.sh(`set +e; ${ROOT_ASKS}`);
    same(/^exit 7$/m.test(told), true, told);
    same(performance.now() - began < 4_000, true, 'it waited');
  });
  await step('with the network unit, the agent fetches the next set and serves it', async () => {
    await simulator.control({ rotate: true });
    await serves(scene);
    await instance.sh('systemctl restart rolekeeper.service');
    await simulator.control({ rotate: true });
    await serves(scene);
  });
  await step('stopping the network unit takes the rules away', async () => {
    await instance.sh(`systemctl stop ${UNIT}`);
    same(await instance.sh('nft list tables'), '');
    same(await instance.sh(`set +e; ${ROOT_ASKS}`), 'exit 0\n');
  });
}
