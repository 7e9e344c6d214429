import { Writable } from 'node:stream';
import type { CommandWorld } from '../../src/cli/command-world.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import type { SimulatedMachine } from './running-agent.ts';

export interface Written {
  stdout: string;
  stderr: string;
}

/** The world of a verb that is run as a function on a simulated machine, and what it writes. */
export function verbOn(
  { clock, runtimeDirectory }: Pick<SimulatedMachine, 'clock' | 'runtimeDirectory'>,
  changes: Partial<CommandWorld> = {},
): { readonly world: CommandWorld; readonly written: Written } {
  const written: Written = { stdout: '', stderr: '' };
  const into = (name: keyof Written) =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += chunk;
        done();
      },
    });
  const world: CommandWorld = {
    env: { ROLEKEEPER_RUNTIME_DIR: runtimeDirectory },
    uid: process.geteuid?.() ?? 0,
    pid: process.pid,
    version: '0.0.0',
    clock,
    boot: clock.boot,
    random: seededRandom(3),
    stdout: into('stdout'),
    stderr: into('stderr'),
    stop: new AbortController().signal,
    ...changes,
  };
  return { world, written };
}
