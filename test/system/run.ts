/** `npm run test:system`, inside namespaces of its own: BASE-ROOT WORK DEB NEXT-DEB [WORD...]. */
import { imdsAddress, imdsRelay } from '../network/imds-on-loopback.ts';
import { sh } from '../network/instance.ts';
import { createSteps } from '../network/steps.ts';
import { simulatorProcess } from '../support/agent-process.ts';
import { isIsolated } from '../support/machine.ts';
import { bootSteps } from './boot.ts';
import { daySteps } from './day.ts';
import { freshSteps } from './fresh.ts';
import { hardeningSteps } from './hardening.ts';
import { boot, CannotBoot, type Instance } from './instance.ts';
import { loadSteps } from './load.ts';
import { lockdownSteps } from './lockdown.ts';
import { machineRoot } from './machine-root.ts';
import { reloadSteps } from './reload.ts';
import { removalSteps } from './removal.ts';
import type { Scene } from './scene.ts';
import { startUpSteps } from './start-up.ts';

const GROUPS = [
  bootSteps,
  freshSteps,
  hardeningSteps,
  startUpSteps,
  reloadSteps,
  loadSteps,
  lockdownSteps,
  daySteps,
  removalSteps,
];

const [base = '', work = '', deb = '', nextDeb = '', ...words] = process.argv.slice(2);
if (!isIsolated()) throw new Error('Not a network namespace of its own. Run npm run test:system');
const print = (line: string) => process.stdout.write(`${line}\n`);
const steps = createSteps(print);
sh('ip link set lo up');
using _address = imdsAddress();
await using relay = await imdsRelay();
// As on an instance whose role is attached a little later.
await using simulator = await simulatorProcess('--no-role');
relay.leadTo(simulator.url);
const root = machineRoot(base, work, deb, nextDeb);
let booted: Instance | undefined;
await steps.step('the machine boots', async (skip) => {
  booted = await boot(root).catch((error: unknown) => {
    if (error instanceof CannotBoot) skip(error.message);
    throw error;
  });
});
if (booted !== undefined) await runGroups(booted);
process.exitCode = steps.end() ? 0 : 1;

async function runGroups(machine: Instance): Promise<void> {
  await using instance = machine;
  const scene: Scene = { instance, simulator, leadTo: ({ url }) => relay.leadTo(url), tell: print };
  for (const group of GROUPS) {
    // What comes after it begins where the boot has ended.
    const isWanted =
      group === bootSteps || words.length === 0 || words.some((word) => group.name.includes(word));
    if (!isWanted) continue;
    const began = performance.now();
    await steps.step(`${group.name} came to their end`, () => group(scene, steps));
    print(`  (${group.name}: ${((performance.now() - began) / 1000).toFixed(0)} s)`);
  }
}
