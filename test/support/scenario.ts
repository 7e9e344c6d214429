/** A scenario is data: a folder with `scenario.json` in it, written in the words of `test/scenarios/README.md`. */
import { readdirSync } from 'node:fs';
import type { Flags } from '../../src/config/resolve.ts';
import { allSettings } from '../../src/config/settings.ts';
import type { InstanceOptions } from '../../src/simulator/instance.ts';
import { type MachineOptions, type SimulatedMachine, simulatedMachine } from './running-agent.ts';
import { expectNoSecret } from './scenario-expect.ts';
import { newMemory, type ScenarioMemory } from './scenario-memory.ts';
import { duration, members, oneOf, text } from './scenario-values.ts';
import { ASKING_WORDS, INSTANCE_WORDS, instanceWords, newLines, type Play, WORDS } from './scenario-words.ts';

export interface Scenario {
  readonly docs: string;
  readonly machine: MachineOptions;
  readonly steps: readonly Step[];
}

interface Step {
  /** Its number and its words, for messages. */
  readonly name: string;
  readonly play: Play;
}

/** Throws a sentence for anything that is not in the vocabulary, before any of it is played. */
export function readScenario(json: unknown): Scenario {
  const {
    docs,
    instance = {},
    settings = {},
    steps,
  } = members(json, 'The scenario', [...['docs', 'instance', 'settings', 'steps']]);
  if (!/^[A-Z0-9].*\.$/s.test(text(docs, 'docs'))) throw new Error('docs must be a sentence');
  if (!Array.isArray(steps) || steps.length === 0) throw new Error('steps must be a list of steps');
  return {
    docs: text(docs, 'docs'),
    machine: { instance: readInstance(instance), settings: readSettings(settings) },
    steps: steps.map(readStep),
  };
}

/** Plays it from the first step to a clean stop. Throws the step that did not go as it says. */
export async function playScenario({ machine: options, steps }: Scenario): Promise<void> {
  await using machine = await simulatedMachine(options);
  const memory = newMemory();
  for (const { name, play } of steps) {
    try {
      await play(machine, memory);
      holdWhatAlwaysHolds(machine, memory);
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
    }
  }
  if (memory.clients !== undefined) throw new Error('The answers of the clients were never looked at');
  if (machine.isRunning()) await machine.stop();
  const left = readdirSync(machine.runtimeDirectory).filter((name) => name !== 'state.json');
  if (left.length > 0) throw new Error(`After the stop there is left: ${left.join(', ')}`);
  const timers = machine.clock.pendingTimers();
  if (timers > 0) throw new Error(`After the stop ${timers} timers still wait`);
}

/** After every step: no secret in the log, and no generation below one that was seen. */
function holdWhatAlwaysHolds(machine: SimulatedMachine, memory: ScenarioMemory): void {
  for (const line of newLines(machine.log.lines, memory)) expectNoSecret(line, machine);
  if (!machine.isRunning()) return;
  const { generation } = machine.agent().status();
  if (generation < memory.highestGeneration) {
    throw new Error(`the generation fell from ${memory.highestGeneration} to ${generation}`);
  }
  memory.highestGeneration = generation;
}

function readStep(json: unknown, index: number): Step {
  const name = `Step ${index + 1} ${JSON.stringify(json)}`;
  try {
    const { note, expect, ...words } = members(json, 'The step', [
      ...['note', 'expect', ...INSTANCE_WORDS, ...Object.keys(WORDS)],
    ]);
    if (note !== undefined) text(note, 'note');
    return { name, play: readWords(words, expect) };
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

function readWords(words: Readonly<Record<string, unknown>>, expect: unknown): Play {
  const [first = '', ...others] = Object.keys(words);
  const word = WORDS[first];
  if ((expect !== undefined) !== ASKING_WORDS.includes(first)) {
    throw new Error(`expect belongs to ${ASKING_WORDS.join(', ')}, and to nothing else`);
  }
  if (word === undefined) return instanceWords(words);
  if (others.length === 0) return word(words[first], expect);
  throw new Error(`One thing a step: ${first} stands alone`);
}

function readInstance(json: unknown): Omit<InstanceOptions, 'clock' | 'random'> {
  const names = ['role', 'profile', 'lifetime', 'rotateEvery', 'httpTokens'];
  const asked = members(json, 'instance', names);
  return {
    ...(asked.role !== undefined && { role: asked.role === null ? null : text(asked.role, 'instance.role') }),
    ...(asked.profile !== undefined && { profile: text(asked.profile, 'instance.profile') }),
    ...(asked.lifetime !== undefined && { lifetimeMs: duration(asked.lifetime, 'instance.lifetime') }),
    ...(asked.rotateEvery !== undefined && {
      rotateEveryMs: duration(asked.rotateEvery, 'instance.rotateEvery'),
    }),
    ...(asked.httpTokens !== undefined && {
      httpTokens: oneOf(asked.httpTokens, 'instance.httpTokens', ['required', 'optional']),
    }),
  };
}

/** Whether a setting takes its value is for the agent's own reader to say, when the machine is made. */
function readSettings(json: unknown): Flags {
  const keys = allSettings.map(({ key }) => key);
  const asked = Object.entries(members(json, 'settings', keys));
  return Object.fromEntries(asked.map(([key, value]) => [key, text(value, `settings.${key}`)]));
}
