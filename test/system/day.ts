import { setTimeout as pause } from 'node:timers/promises';
import { type Steps, same } from '../network/steps.ts';
import { type SimulatedSet, simulatorProcess } from '../support/agent-process.ts';
import { configure, keyOf, type Scene, serves } from './scene.ts';

const ROTATIONS = 8;
const BETWEEN_MS = 1_500;
const OUTAGE_MS = 6_000;
/** Of the last set of the day, which ends while IMDS does not answer. */
const LAST_LIFETIME_S = 25;
/** Three looks, 15 s apart. */
const DETACHED_WITHIN_MS = 60_000;
/** The first lines of a start, and one for each rotation. */
const CALM_LINES = 8 + ROTATIONS;

/** A day in the life of the agent, compressed: its whole journal is printed, and has no secret in it. */
export async function daySteps(scene: Scene, { step }: Steps): Promise<void> {
  const { instance, simulator, leadTo, tell } = scene;
  await using evening = await simulatorProcess('--role', 'web-v2', '--lifetime', `${LAST_LIFETIME_S}s`);
  await configure(scene, '[imds]\ncheck_interval = "1s"\n[line_socket]\nenabled = true');
  await instance.sh('systemctl stop rolekeeper.service');
  // Not by a cursor: with another filter beside it, journalctl leaves out the first line after that.
  const morning = Date.now() / 1_000;
  const since = (...args: readonly string[]) =>
    instance.journal(`--since=@${morning}`, '--unit=rolekeeper', ...args);

  await instance.sh('systemctl start rolekeeper.service');
  await serves(scene);
  for (let rotation = 0; rotation < ROTATIONS; rotation++) {
    await simulator.control({ rotate: true });
    await serves(scene);
    await pause(BETWEEN_MS);
  }
  await step(
    'a calm part of a day leaves no warning, and no more than a line for each rotation',
    async () => {
      same(await since('--priority=warning'), '');
      const lines = (await since()).trimEnd().split('\n').length;
      if (lines > CALM_LINES) throw new Error(`${lines} lines`);
    },
  );

  await step('through a short outage it serves what it has', async () => {
    await simulator.control({ fault: { kind: 'status', status: 503, on: 'all' } });
    const before = await keyOf(instance);
    await pause(OUTAGE_MS);
    same(await keyOf(instance), before);
    await simulator.control({ clear: true, rotate: true });
    await serves(scene);
    same((await since('--priority=warning')).includes(' answered 503'), true, 'a warning of it');
  });
  await step('a replaced role is served within a check', async () => {
    await simulator.control({ role: 'web-v2' });
    await serves(scene);
  });
  await step('a detached role is withdrawn, and is served again when it is attached', async () => {
    await simulator.control({ role: null });
    const isWithdrawn = async () => (await instance.run(['rolekeeper', 'credential-process'])).code === 5;
    await instance.until('an answer that no role is attached', isWithdrawn, DETACHED_WITHIN_MS);
    await simulator.control({ role: 'web-v2' });
    await serves(scene);
  });
  await step(
    'a set that ends while IMDS does not answer is refused from then on, until there is a new one',
    async () => {
      const inTheEvening = { ...scene, simulator: evening };
      await evening.control({ rotate: true });
      leadTo(evening);
      await serves(inTheEvening);
      const { expiration } = await evening.currentSet();
      await evening.control({ fault: { kind: 'status', status: 503, on: 'all' } });
      await pause(Date.parse(expiration) - Date.now() + 1_000);
      same((await instance.run(['rolekeeper', 'credential-process'])).code, 6);
      leadTo(simulator);
      await serves(scene);
    },
  );
  await instance.sh('systemctl stop rolekeeper.service');
  const journal = await since('--output=short');
  tell(journal.trimEnd().replaceAll(/^/gm, '  | '));
  await step('the whole journal has none of the secrets', async () => {
    const everything = await instance.journal('--output=export', '--all');
    const sets: readonly SimulatedSet[] = [...(await simulator.sets()), ...(await evening.sets())];
    const token = await instance.sh('cat /run/rolekeeper/container-token');
    const secrets = sets.flatMap(({ secretAccessKey, sessionToken }) => [secretAccessKey, sessionToken]);
    same(
      [...secrets, token].filter((secret) => everything.includes(secret)),
      [],
      'secrets',
    );
    // What is looked for could be found: the keys that go with them are no secret.
    same(
      sets.some(({ accessKeyId }) => everything.includes(accessKeyId.slice(-4))),
      true,
    );
  });
  await instance.sh('systemctl start rolekeeper.service');
  await serves(scene);
}
