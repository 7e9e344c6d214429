import type { IssuedSet } from '../../src/simulator/credential-set.ts';
import type { LogLine } from './memory-log.ts';
import type { SimulatedMachine } from './running-agent.ts';
import type { RawAnswer } from './scenario-answers.ts';

/** What a scenario has to keep from one step to a later one. */
export interface ScenarioMemory {
  /** The sets that were given a name. */
  readonly sets: Map<string, IssuedSet>;
  /** Lines of the log that were looked at. */
  linesSeen: number;
  /** How many of each kind there were when a step last looked. */
  requestsSeen: ReadonlyMap<string, number>;
  /** As it was when a step last spoke of it. */
  generation: number;
  highestGeneration: number;
  descriptors: number;
  clients: Promise<readonly { readonly path: string; readonly answer: RawAnswer }[]> | undefined;
}

export function newMemory(): ScenarioMemory {
  return {
    sets: new Map(),
    linesSeen: 0,
    requestsSeen: new Map(),
    generation: 0,
    highestGeneration: 0,
    descriptors: 0,
    clients: undefined,
  };
}

/** A set by its name in the scenario; `current` is the one that IMDS gives at this moment. */
export function namedSet(name: string, memory: ScenarioMemory, { instance }: SimulatedMachine): IssuedSet {
  const set = name === 'current' ? instance.currentSet() : memory.sets.get(name);
  if (set !== undefined) return set;
  throw new Error(
    name === 'current'
      ? 'there is no current set: no role is attached'
      : `no set was remembered as ${name} before`,
  );
}

/** What a set is called in the scenario, for messages. */
export function nameOfSet(set: IssuedSet, memory: ScenarioMemory): string {
  const named = [...memory.sets].find(([, { serial }]) => serial === set.serial)?.[0];
  return named ?? `the ${set.serial}. set of IMDS, of role ${set.roleName}`;
}

/** `warn  IMDS … reason=throttled` */
export function lineText({ level, message, fields }: LogLine): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : ` ${name}=${value}`,
  );
  return `${level}: ${message}${pairs.join('')}`;
}
