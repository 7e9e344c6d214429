import { PassThrough } from 'node:stream';
import type { Argument, Command, Option } from 'commander';
import { runProgram } from '../../src/cli/program.ts';
import { systemBoot, systemClock } from '../../src/platform/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';

export interface Verb {
  /** Such as `config show`. */
  readonly name: string;
  /** What `config` is about; its own description where it is a single word. */
  readonly family: string;
  readonly description: string;
  readonly arguments: readonly Argument[];
  readonly options: readonly Option[];
}

/** Every verb of the command line that does something itself, with its options, as `--help` has them. */
export async function readVerbs(version: string): Promise<readonly Verb[]> {
  const silent = new PassThrough();
  const world = {
    env: {},
    uid: 0,
    pid: 0,
    version,
    clock: systemClock,
    boot: systemBoot(),
    random: systemRandom,
    stdout: silent,
    stderr: silent,
    stop: new AbortController().signal,
  };
  const found: Verb[] = [];
  // Only when it is asked for is simulate complete.
  await runProgram(['node', 'rolekeeper', 'simulate'], world, async (program) => {
    found.push(...verbsOf(program));
  });
  return found;
}

function verbsOf(program: Command): readonly Verb[] {
  return program.commands.flatMap((first) => {
    const family = first.description();
    if (first.commands.length === 0) return [verb(first, first.name(), family)];
    return first.commands.map((second) => verb(second, `${first.name()} ${second.name()}`, family));
  });
}

function verb(command: Command, name: string, family: string): Verb {
  const { registeredArguments, options } = command;
  return { name, family, description: command.description(), arguments: registeredArguments, options };
}
