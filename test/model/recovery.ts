/** From here on all is well: what one check of a healthy IMDS must then lead to. */
import { Violation } from './judge.ts';
import { printedByHelper } from './machine.ts';
import { LiveAgent } from './process.ts';
import { LIFETIME_MS, mint } from './sets.ts';
import { type Model, outcomeOf } from './successors.ts';
import { wholeSet } from './surfaces.ts';
import { setsIn, storedSet } from './surroundings.ts';
import type { World } from './world.ts';

const LIFE_ENOUGH_MS = 10_000;
const CHECKS_UNTIL_DETACHED = 3;

/**
 * IMDS is healthy, the disk has room, the wall clock is right, and an agent runs. The check under way is finished, then
 * one is made from its beginning (three, where no role is attached). Throws a Violation where a surface then does not
 * show the newest set, or still shows one.
 */
export async function mustRecover(world: World, model: Model): Promise<void> {
  const { process } = world;
  const instant = { now: world.instant.now + (process === undefined ? LIFE_ENOUGH_MS : 0), offset: 0 };
  const born = { instant, disk: 'well' as const, directory: world.directory };
  const live = new LiveAgent(model, process ?? { born, inputs: [] });
  const imds = { set: healthySet({ ...world, instant }) };
  if (world.check !== undefined) await check(world.check);
  for (let left = imds.set === undefined ? CHECKS_UNTIL_DETACHED : 1; left > 0; left--) await check([]);

  const held = live.store.reader.read().held;
  const { stored, shown } = live.machine.directory();
  const printed = printedByHelper(shown, instant.now);
  const print = printed === undefined ? undefined : wholeSet('process', printed);
  const found = {
    'the agent': held?.credentials.accessKeyId,
    'the fast helper': typeof print === 'object' ? print.set.accessKeyId : undefined,
    'the stored state': storedSet(stored)?.set.accessKeyId,
  };
  for (const [surface, key] of Object.entries(found)) {
    if (key === imds.set?.accessKeyId) continue;
    throw new Violation('recovers', `${surface} has ${key}, due is ${imds.set?.accessKeyId}`);
  }

  async function check(answers: World['check'] & {}): Promise<void> {
    live.take({ instant, disk: 'well', random: 0, outcome: await outcomeOf(answers, imds, model.source) });
  }
}

/** IMDS offers a set that is good for a while. */
function healthySet(world: World) {
  const { set } = world.imds;
  if (set === undefined || set.expires - world.instant.now >= LIFE_ENOUGH_MS) return set;
  return mint(set.role, world.instant.now + LIFETIME_MS, setsIn(world));
}
