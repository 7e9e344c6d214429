import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, helper, run } from './child.ts';
import { uptime } from './helper-fixture.ts';
import type { SimulatedMachine } from './running-agent.ts';
import { shownSet } from './scenario-answers.ts';
import { type Expect, expectNoSecret, holds, readSetExpectation, same } from './scenario-expect.ts';
import { readProcessFile } from './scenario-expect-file.ts';
import { members, optionalText, whole } from './scenario-values.ts';

/**
 * Runs the fast helper itself, with the command behind it, as a program would. It lives in this machine's time: so it
 * gets a directory that is the agent's, but for a process file whose deadline is ahead or past by the machine's uptime
 * just as the real file's is by the scenario's.
 */
export async function runHelper(machine: SimulatedMachine): Promise<Ended> {
  const directory = join(machine.runtimeDirectory, 'as-the-helper-sees-it');
  mkdirSync(directory);
  try {
    const file = readProcessFile(machine);
    if (file !== undefined) {
      const until = file.isInTime ? uptime() + 600 : uptime();
      const line = file.line.replace(/"KeepUntil":"\d+\//, `"KeepUntil":"${until}/`);
      writeFileSync(join(directory, 'credential-process.json'), line);
    }
    symlinkSync(join(machine.runtimeDirectory, 'agent.sock'), join(directory, 'agent.sock'));
    return await run([helper], { env: { ROLEKEEPER_RUNTIME_DIR: directory } });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** One line on stdout and nothing on stderr with exit code 0, the other way round with every other. */
export function readHelperExpectation(value: unknown): Expect<Ended> {
  const asked = members(value, 'helper', ['exit', 'key', 'expiration', 'account', 'stderr']);
  const exit = whole(asked.exit, 'helper.exit');
  const stderr = optionalText(asked.stderr, 'helper.stderr');
  const expectSet = readSetExpectation(asked, 'helper');
  return (ended, machine, memory) => {
    if (ended.code !== exit) {
      throw new Error(`the exit code should be ${exit}, and is ${ended.code}: ${ended.stderr}`);
    }
    if (exit !== 0) {
      same('stdout', ended.stdout, '');
      if (!/^rolekeeper: [^\n]+\n$/.test(ended.stderr))
        throw new Error(`stderr is no one line: ${ended.stderr}`);
      expectNoSecret(ended.stderr, machine);
      if (stderr !== undefined) holds('stderr', ended.stderr, stderr);
      return;
    }
    same('stderr', ended.stderr, '');
    if (!/^[^\n]+\n$/.test(ended.stdout)) throw new Error(`stdout is no one line: ${ended.stdout}`);
    const { instance, clock } = machine;
    expectSet(
      shownSet(ended.stdout, 'credential-process', instance.issuedSets(), clock.now()),
      machine,
      memory,
    );
  };
}
