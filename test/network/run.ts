/** `npm run test:network`: the packet rules and the containers' way, with real users in network namespaces of their own. */
import { rmSync } from 'node:fs';
import { applySteps } from './apply.ts';
import { containerSteps } from './containers.ts';
import { setUpInstance, sh } from './instance.ts';
import { lockdownSteps } from './lockdown.ts';
import { startImds, writeConfig } from './programs.ts';
import { redirectSteps } from './redirect.ts';
import { createSteps } from './steps.ts';

const place = setUpInstance();
const steps = createSteps((line) => process.stdout.write(`${line}\n`));
try {
  writeConfig(place, '');
  const imds = await startImds(place);
  for (const group of [lockdownSteps, redirectSteps, applySteps, containerSteps]) {
    await steps.step(`${group.name} came to their end`, () => group(place, steps));
  }
  for (const each of imds) each.kill('SIGTERM');
  await Promise.all(imds.map((each) => each.ended));
} finally {
  sh(`umount --lazy '${place.checkout}'`);
  rmSync(place.directory, { recursive: true, force: true });
}
process.exitCode = steps.end() ? 0 : 1;
