/**
 * Looks at the access of files over and over, until the first one exists or nobody waits for it any more, and at
 * whatever else is in their directory.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [stop = '', mode = '', ...paths] = process.argv.slice(2);
const directory = dirname(stop);
const inodes = new Set<number>();
let looks = 0;
const parent = `/proc/${process.ppid}`;
const clock = new Int32Array(new SharedArrayBuffer(4));
while (!existsSync(stop) && existsSync(parent)) {
  Atomics.wait(clock, 0, 0, 0.5);
  // The temporary ones too: they hold credentials before they get their name.
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (stats.uid !== process.geteuid?.()) throw new Error(`${path} belongs to ${stats.uid}`);
    const wider = stats.mode & 0o7777 & ~Number.parseInt(mode, 8);
    if (wider !== 0) throw new Error(`${path} has mode ${stats.mode.toString(8)}`);
    inodes.add(stats.ino);
  }
  for (const path of paths) if (!existsSync(path)) throw new Error(`${path} is not there`);
  if (++looks === 1) process.stdout.write('ready\n');
}
process.stdout.write(`read ${looks} ${inodes.size}\n`);
