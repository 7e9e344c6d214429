/** Keeps files in a directory and rotates their set until it is killed, from a number on. */
import { createFileSinks } from '../../../../src/delivery/file-sinks/file-sinks.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { systemRandom } from '../../../../src/platform/random.ts';
import { memoryLog } from '../../../support/memory-log.ts';
import { held, ownUid } from '../temporary.ts';

const [directory = '', first = ''] = process.argv.slice(2);
const common = {
  profile: 'default',
  mode: 0o640,
  owner: '',
  group: '',
  onChange: [],
  onChangeTimeout: 1_000,
  atWithdrawal: 'remove',
  atStop: 'keep',
} as const;
const sinks = createFileSinks(
  (['shared-credentials', 'env', 'credential-process'] as const).map((format) => ({
    ...common,
    format,
    path: `${directory}/${format}`,
  })),
  {
    clock: systemClock,
    networkClock: systemClock,
    random: systemRandom,
    log: memoryLog(),
    uid: ownUid,
    runHook: () => Promise.reject(new Error('No command was configured')),
  },
);
const parent = `${process.ppid}`;
for (let serial = Number(first); `${process.ppid}` === parent; serial++) {
  sinks.update(held(serial));
  await sinks.idle();
  process.stdout.write(`${serial}\n`);
}
