import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatedMachine } from './running-agent.ts';
import { shownSet } from './scenario-answers.ts';
import { type Expect, readSetExpectation, same } from './scenario-expect.ts';
import { members } from './scenario-values.ts';

/** Of `credential-process.json`: `absent`, or there and fit to be printed at this moment. */
export function readFileExpectation(value: unknown): Expect<undefined> {
  if (value !== 'absent') {
    const expectSet = readSetExpectation(members(value, 'file', ['key', 'expiration', 'account']), 'file');
    return (_, machine, memory) => {
      const found = readProcessFile(machine);
      if (found === undefined) throw new Error('the file should be there, and is not');
      if (!found.isInTime) throw new Error('the file may not be printed any more');
      const now = machine.clock.now();
      expectSet(
        shownSet(found.document, 'credential-process', machine.instance.issuedSets(), now),
        machine,
        memory,
      );
    };
  }
  return (_, machine) => {
    if (readProcessFile(machine) !== undefined) throw new Error('the file should not be there, and is');
  };
}

export interface ProcessFileView {
  readonly line: string;
  /** Without its last member. */
  readonly document: string;
  /** Whether the helper may print it, by the rule that the helper has. */
  readonly isInTime: boolean;
}

export function readProcessFile(machine: SimulatedMachine): ProcessFileView | undefined {
  const path = join(machine.runtimeDirectory, 'credential-process.json');
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  same("the file's mode", (stats.mode & 0o777).toString(8), '640');
  const line = readFileSync(path, 'utf8');
  const parts = /^(.*),"KeepUntil":"(\d{1,10})\/([0-9a-f-]{36})"}\n$/.exec(line);
  if (parts === null)
    throw new Error(`the file should be one line with KeepUntil at its end, and is: ${line}`);
  const { boot } = machine.clock;
  const isInTime = parts[3] === boot.id && Math.floor(boot.uptimeSeconds()) < Number(parts[2]);
  return { line, document: `${parts[1]}}`, isInTime };
}
