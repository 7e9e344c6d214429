/**
 * `npm run mutation`: changes the domain, the lifecycle and the IMDS client in some two thousand small ways, one at a
 * time, and asks the tests beside them to notice. The whole takes long; arguments go to Stryker, so that a part can be
 * asked for: `npm run mutation -- --mutate src/domain/life-state.ts`. Exit status 1 if a folder is below its floor.
 */
import { readFileSync, rmSync } from 'node:fs';
import { Stryker, StrykerCli } from '@stryker-mutator/core';
import { type Floor, scoresOf } from './mutation/scores.ts';

const FLOORS: readonly Floor[] = [
  { folder: 'src/domain', percent: 90 },
  { folder: 'src/lifecycle', percent: 90 },
  { folder: 'src/imds', percent: 95 },
];
const REPORT = 'reports/mutation/mutation.json';

const [node = '', self = '', ...options] = process.argv;
new StrykerCli([node, self, 'run', ...options], undefined, async (settings) => {
  rmSync(REPORT, { force: true }); // an old one would be judged where Stryker ends before it writes
  const results = await new Stryker(settings).runMutationTest();
  const { lines, tooLow } = scoresOf(JSON.parse(readFileSync(REPORT, 'utf8')), FLOORS);
  for (const line of lines) process.stdout.write(`${line}\n`);
  for (const line of tooLow) process.stdout.write(`Too few mutants were noticed: ${line}\n`);
  if (tooLow.length > 0) process.exitCode = 1;
  return results;
}).run();
