/** The words of a scenario, each with what it does. `test/scenarios/README.md` says it for readers. */
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyControlCommand, readControlCommand } from '../../src/simulator/control-command.ts';
import { requestKinds } from '../../src/simulator/routes.ts';
import type { SimulatedMachine } from './running-agent.ts';
import { plainRequest, promptAnswer, sendBytes } from './scenario-answers.ts';
import { same } from './scenario-expect.ts';
import { readAnswerExpectation } from './scenario-expect-answer.ts';
import { readFileExpectation } from './scenario-expect-file.ts';
import { readStatus, readStatusExpectation } from './scenario-expect-status.ts';
import { readHelperExpectation, runHelper } from './scenario-helper.ts';
import { lineText, namedSet, type ScenarioMemory } from './scenario-memory.ts';
import {
  amount,
  duration,
  isTrue,
  type Members,
  members,
  oneOf,
  optionalText,
  text,
  whole,
} from './scenario-values.ts';

/** Does what the step says, and throws a sentence where it is not as the step says. */
export type Play = (machine: SimulatedMachine, memory: ScenarioMemory) => void | Promise<void>;

/** Reads what stands behind a word, and beside it as `expect`. Throws a sentence where that makes no sense. */
type Word = (value: unknown, expect: unknown) => Play;

/** What is said to the instance: the members of a control request to the simulator. */
export const INSTANCE_WORDS = [
  ...['role', 'profile', 'rotate', 'fault', 'clear', 'forgetTokens', 'httpTokens', 'httpEndpoint'],
] as const;

/** Words that come with an `expect`. */
export const ASKING_WORDS: readonly string[] = ['ask', 'send', 'answers'];

export function instanceWords(asked: Members): Play {
  const command = readControlCommand(asked);
  return ({ instance }) => applyControlCommand(instance, command);
}

export const WORDS: Readonly<Record<string, Word>> = {
  start(value) {
    isTrue(value, 'start');
    return (machine) => machine.start();
  },

  stop(value) {
    isTrue(value, 'stop');
    return async (machine) => {
      await machine.stop();
      const left = readdirSync(machine.runtimeDirectory);
      if (left.some((name) => name !== 'state.json')) throw new Error(`there is left: ${left.join(', ')}`);
    };
  },

  advance(value) {
    const ms = duration(value, 'advance');
    return (machine) => machine.advance(ms);
  },

  until(value) {
    const moment = readMoment(value, 'until');
    return async (machine, memory) => {
      const ms = moment(machine, memory) - machine.clock.now();
      if (ms < 0) throw new Error(`that was ${-ms / 1_000} s ago`);
      await machine.advance(ms);
    };
  },

  suspend(value) {
    const ms = duration(value, 'suspend');
    return ({ clock }) => clock.suspend(ms);
  },

  stepClock(value) {
    const sign = oneOf(text(value, 'stepClock').at(0), "stepClock's sign", ['+', '-']);
    const ms = duration(text(value, 'stepClock').slice(1), 'stepClock');
    return ({ clock }) => clock.stepWall(sign === '+' ? ms : -ms);
  },

  remember(value) {
    const name = text(value, 'remember');
    return (machine, memory) => {
      memory.sets.set(name, namedSet('current', memory, machine));
    };
  },

  ask(value, expect) {
    const path = text(value, 'ask');
    const check = readAnswerExpectation(expect);
    return async (machine, memory) => {
      const { answer } = sendBytes(machine.agent().socketPath, plainRequest(path));
      check({ path, answer: await promptAnswer(answer) }, machine, memory);
    };
  },

  send(value, expect) {
    const bytes = readBytes(value);
    // The answer to HEAD has no body to look at.
    const path = /^(?!HEAD )\S+ (\S+)/.exec(bytes)?.[1] ?? '';
    const check = readAnswerExpectation(expect);
    return async (machine, memory) => {
      const { answer } = sendBytes(machine.agent().socketPath, bytes);
      check({ path, answer: await promptAnswer(answer) }, machine, memory);
    };
  },

  clients(value) {
    const asked = members(value, 'clients', ['/v1/credentials', '/v1/credential-process']);
    const paths = Object.entries(asked).flatMap(([path, count]) =>
      Array.from({ length: whole(count, `clients of ${path}`) }, () => path),
    );
    return async (machine, memory) => {
      const { socketPath } = machine.agent();
      const exchanges = paths.map((path) => ({ path, ...sendBytes(socketPath, plainRequest(path)) }));
      memory.clients = Promise.all(
        exchanges.map(async ({ path, answer }) => ({ path, answer: await answer })),
      );
      await Promise.all(exchanges.map(({ sent }) => sent));
      await machine.quiet();
    };
  },

  answers(value, expect) {
    const count = whole(value, 'answers');
    const check = readAnswerExpectation(expect);
    return async (machine, memory) => {
      const answers = await promptAnswer(memory.clients ?? Promise.resolve([]));
      memory.clients = undefined;
      same('the number of answers', answers.length, count);
      for (const each of answers) check(each, machine, memory);
    };
  },

  status(value) {
    const check = readStatusExpectation(value);
    return async (machine, memory) => check(await readStatus(machine), machine, memory);
  },

  file(value) {
    const check = readFileExpectation(value);
    return (machine, memory) => check(undefined, machine, memory);
  },

  helper(value) {
    const check = readHelperExpectation(value);
    return async (machine, memory) => check(await runHelper(machine), machine, memory);
  },

  requests(value) {
    const asked = Object.entries(members(value, 'requests', [...requestKinds, 'total'])).map(
      ([kind, count]) => ({ kind, wanted: amount(count, `requests.${kind}`) }),
    );
    return ({ simulator }, memory) => {
      const before = memory.requestsSeen;
      memory.requestsSeen = new Map(Object.entries(simulator.requestCounts()));
      for (const { kind, wanted } of asked) {
        const count = (memory.requestsSeen.get(kind) ?? 0) - (before.get(kind) ?? 0);
        if (wanted.holds(count)) continue;
        throw new Error(`there should have been ${wanted.text} requests of kind ${kind}, and were ${count}`);
      }
    };
  },

  log(value) {
    const wanted = Array.isArray(value) ? value.map(readLine) : [];
    if (!Array.isArray(value)) throw new Error('log must be a list of lines');
    return ({ log }, memory) => {
      const lines = newLines(log.lines, memory).filter((line) => !ABOUT_CALLERS.test(line));
      memory.linesSeen = log.lines.length;
      const asWanted =
        lines.length === wanted.length && wanted.every((holdsLine, index) => holdsLine(lines[index] ?? ''));
      if (!asWanted) {
        throw new Error(
          `the log's new lines are:\n${lines.map((line) => `  ${line}`).join('\n') || '  (none)'}`,
        );
      }
    };
  },

  descriptors(value) {
    const kind = oneOf(value, 'descriptors', ['count', 'no more']);
    return (_, memory) => {
      const found = readdirSync('/proc/self/fd').length;
      if (kind === 'no more' && found > memory.descriptors) {
        throw new Error(`${memory.descriptors} descriptors were open, and now it is ${found}`);
      }
      memory.descriptors = found;
    };
  },

  stateFile(value) {
    const asked = members(value, 'stateFile', ['text', 'mode']);
    const content = optionalText(asked.text, 'stateFile.text');
    const mode = optionalText(asked.mode, 'stateFile.mode');
    return (machine) => {
      if (machine.isRunning()) throw new Error('the agent is running: stop it first');
      const path = join(machine.runtimeDirectory, 'state.json');
      if (content !== undefined) writeFileSync(path, content, { mode: 0o600 });
      if (mode !== undefined) chmodSync(path, Number.parseInt(mode, 8));
    };
  },
};

/** `A expires`, `10s before A expires`, `1s after A expires`: an instant of the wall clock. */
function readMoment(value: unknown, what: string) {
  const parts = /^(?:(\S+) (before|after) )?(\w+) expires$/.exec(text(value, what));
  if (parts === null) {
    throw new Error(
      `${what} must be like "A expires" or "10s before A expires", and is ${JSON.stringify(value)}`,
    );
  }
  const [, length, side, name = ''] = parts;
  const ms = length === undefined ? 0 : duration(length, what) * (side === 'before' ? -1 : 1);
  return (machine: SimulatedMachine, memory: ScenarioMemory) =>
    namedSet(name, memory, machine).expiration + ms;
}

/** The lines of a request's head, or exactly these bytes. `{9000 letters}` stands for as many. */
function readBytes(value: unknown): string {
  const bytes = Array.isArray(value)
    ? `${value.map((line) => text(line, 'a line to send')).join('\r\n')}\r\n\r\n`
    : text(value, 'send');
  return bytes.replaceAll(/\{(\d+) letters\}/g, (_, count) => 'x'.repeat(Number(count)));
}

/** `warn: a part of the line … and a later part` */
function readLine(value: unknown): (line: string) => boolean {
  const parts = /^(error|warn|info): (.+)$/.exec(text(value, 'a line of the log'));
  if (parts === null) throw new Error(`a line of the log must begin with its level, and is ${value}`);
  const [, level = '', pattern = ''] = parts;
  const pieces = pattern.split(' … ');
  return (line) => {
    if (!line.startsWith(`${level}: `)) return false;
    let from = level.length + 2;
    for (const piece of pieces) {
      const at = line.indexOf(piece, from);
      if (at === -1) return false;
      from = at + piece.length;
    }
    return true;
  };
}

/** Who asks is not what scenarios are about: `who-may-ask.test.ts` is. */
const ABOUT_CALLERS = /^\w+: Access (allowed|denied)\b/;

/** All but the debug lines. */
export function newLines(
  lines: SimulatedMachine['log']['lines'],
  { linesSeen }: Pick<ScenarioMemory, 'linesSeen'>,
): string[] {
  return lines
    .slice(linesSeen)
    .filter(({ level }) => level !== 'debug')
    .map(lineText);
}
