import { describe, expect, test } from 'vitest';
import { type StatusOptions, status } from '../../src/cli/status.ts';
import type { Clock } from '../../src/domain/ports.ts';
import { agentProcess, simulatorProcess, temporaryDirectory } from '../support/agent-process.ts';
import { rolekeeper, run, startChild } from '../support/child.ts';
import { eventually } from '../support/eventually.ts';
import { type SimulatedMachine, simulatedMachine } from '../support/running-agent.ts';
import { expectStatusSchema } from '../support/status-schema.ts';
import { verbOn } from '../support/verb.ts';
import { NO_SHADOWS } from './status/report.ts';

const BETWEEN_QUESTIONS_MS = 1_000;

interface Watching {
  readonly lines: () => readonly string[];
  /** Lets so much time pass; whatever falls due in it was written before this returns. */
  pass(ms: number): Promise<void>;
  readonly looks: () => number;
  /** Resolves with the exit code. */
  stop(): Promise<number>;
}

/** `rolekeeper status --watch` on that machine, on a terminal of so many rows or in a pipe. */
async function watching(
  machine: SimulatedMachine,
  options: StatusOptions = {},
  terminal: { readonly rows?: number; readonly env?: NodeJS.ProcessEnv } | undefined = undefined,
): Promise<Watching> {
  const stop = new AbortController();
  const env = { ROLEKEEPER_RUNTIME_DIR: machine.runtimeDirectory, ...terminal?.env };
  let pauses = 0;
  const clock: Clock = {
    ...machine.clock,
    setTimer(delayMs, action) {
      if (delayMs === BETWEEN_QUESTIONS_MS) pauses += 1;
      return machine.clock.setTimer(delayMs, action);
    },
  };
  const { world, written } = verbOn(machine, { stop: stop.signal, env, clock });
  if (terminal !== undefined) Object.assign(world.stdout, { isTTY: true, rows: terminal.rows });
  let looks = 0;
  const ended = status({ ...options, watch: true }, world, () => {
    looks += 1;
    return NO_SHADOWS;
  });
  await eventually(() => pauses > 0);
  return {
    lines: () => written.stdout.split('\n').slice(0, -1),
    looks: () => looks,
    async pass(ms) {
      for (let passed = 0; passed < ms; passed += BETWEEN_QUESTIONS_MS) {
        const before = pauses;
        await machine.advance(BETWEEN_QUESTIONS_MS);
        await eventually(() => pauses > before);
      }
    },
    stop() {
      stop.abort('SIGINT');
      return ended;
    },
  };
}

describe('In a pipe', () => {
  test('it is one line at first, and one for each change', async () => {
    await using machine = await simulatedMachine();
    await machine.start();
    const watch = await watching(machine);
    await watch.pass(5_000);
    expect(watch.lines()).toHaveLength(1);
    expect(watch.lines()[0]).toMatch(
      /^2026-11-23T08:00:00Z fresh serving ok role=web key=….{4} generation=\d+ expires=\S+Z left=6h$/,
    );
    machine.instance.rotate();
    machine.agent().checkNow();
    await watch.pass(2_000);
    expect(watch.lines()).toHaveLength(2);
    expect(await watch.stop()).toBe(0);
  });

  test('it is a line every ten seconds at least, so that it ends soon after its reader', async () => {
    await using machine = await simulatedMachine();
    await machine.start();
    const watch = await watching(machine);
    await watch.pass(30_000);
    expect(watch.lines().map((line) => line.slice(11, 20))).toEqual([
      '08:00:00Z',
      '08:00:10Z',
      '08:00:20Z',
      '08:00:30Z',
    ]);
    await watch.stop();
  });

  test('an agent that goes away and comes back is told of, and waited for', async () => {
    await using machine = await simulatedMachine();
    await machine.start();
    const watch = await watching(machine);
    await machine.stop();
    await watch.pass(2_000);
    expect(watch.lines().at(-1)).toMatch(/ no-agent No agent is listening on \S+ \(ENOENT\): start it /);
    await machine.start();
    await watch.pass(2_000);
    expect(watch.lines().at(-1)).toContain(' fresh serving ok ');
    expect(await watch.stop()).toBe(0);
  });

  test('with --json each line is a document by the schema, or why there is none', async () => {
    await using machine = await simulatedMachine();
    await machine.start();
    const watch = await watching(machine, { json: true });
    await machine.stop();
    await watch.pass(2_000);
    await watch.stop();
    const [first, second] = watch.lines().map((line) => JSON.parse(line));
    expectStatusSchema(first);
    expect(second).toEqual({ error: expect.stringContaining('No agent'), at: '2026-11-23T08:00:01Z' });
  });

  test('the machine is looked at every half minute, not with every line', async () => {
    await using machine = await simulatedMachine();
    await machine.start();
    const watch = await watching(machine);
    await watch.pass(65_000);
    expect(watch.looks()).toBe(3);
    await watch.stop();
  });
});

describe('On a terminal', () => {
  const HOME = '\x1b[H';

  test('it is drawn over itself each second', async () => {
    await using machine = await simulatedMachine();
    await machine.start();
    const watch = await watching(machine, {}, {});
    await watch.pass(3_000);
    await watch.stop();
    const pictures = watch.lines().join('\n').split(HOME).slice(2);
    expect(pictures.length).toBeGreaterThanOrEqual(4);
    for (const picture of pictures) {
      expect(picture).toContain('rolekeeper 0.0.0, pid ');
      // Each line clears what an earlier, longer one has left.
      for (const line of picture.split('\n').slice(0, -1)) expect(line.endsWith('\x1b[K')).toBe(true);
    }
    const [first, last] = [pictures[0] ?? '', pictures.at(-1) ?? ''];
    expect([/up (\S+)/.exec(first)?.[1], /up (\S+)/.exec(last)?.[1]]).toEqual(['0s\x1b[K', '3s\x1b[K']);
  });

  test.each([
    [{}, true],
    [{ NO_COLOR: '' }, true],
    [{ NO_COLOR: '1' }, false],
    [{ NO_COLOR: '0' }, false],
    [{ TERM: 'dumb' }, false],
  ])('with %j it has colours: %j', async (env, hasColours) => {
    await using machine = await simulatedMachine();
    await machine.start();
    const watch = await watching(machine, {}, { env });
    await watch.stop();
    expect(watch.lines().join('\n').includes('\x1b[32m')).toBe(hasColours);
  });

  test('it is no higher than the terminal', async () => {
    await using machine = await simulatedMachine();
    await machine.start();
    const heights: number[] = [];
    for (const rows of [8, 0]) {
      const watch = await watching(machine, {}, { rows });
      await watch.stop();
      heights.push(watch.lines().length);
    }
    const [of8 = 0, ofUnknown = 0] = heights;
    expect(of8).toBeLessThan(8);
    expect(ofUnknown).toBeGreaterThan(8);
  });
});

describe('The command itself', () => {
  const env = (path: string) => ({ env: { ROLEKEEPER_RUNTIME_DIR: path } });

  test('ends with 0 when it is interrupted', async () => {
    using directory = temporaryDirectory();
    await using simulator = await simulatorProcess();
    await using _ = await agentProcess({ endpoint: simulator.url, runtimeDirectory: directory.path });
    const child = startChild([...rolekeeper, 'status', '--watch'], env(directory.path));
    await child.says(/ generation=/);
    child.kill('SIGINT');
    expect(await child.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  test('ends when nobody reads any more, without a word', async () => {
    using directory = temporaryDirectory();
    const shell = '{ "$@" status --watch; echo "ended with $?" >&2; } | true';
    const ended = await run(['/bin/sh', '-c', shell, 'sh', ...rolekeeper], env(directory.path));
    expect(ended.stderr).toBe('ended with 0\n');
  });

  test('without --watch and without an agent is code 3 and one line', async () => {
    using directory = temporaryDirectory();
    for (const flags of [[], ['--json']]) {
      const ended = await run([...rolekeeper, 'status', ...flags], env(directory.path));
      expect(ended).toMatchObject({ code: 3, stdout: '' });
      expect(ended.stderr).toMatch(/^rolekeeper: No agent is listening on [^\n]+\n$/);
    }
  });

  test('prints what the agent says, for people and for programs', async () => {
    using directory = temporaryDirectory();
    await using simulator = await simulatorProcess();
    await using agent = await agentProcess({ endpoint: simulator.url, runtimeDirectory: directory.path });
    await agent.becomes((told) => told.serving);
    const { stdout, code, stderr } = await run([...rolekeeper, 'status'], env(directory.path));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^state {5}fresh, serving example-role/m);
    expect(stdout).not.toContain('\x1b');
    const json = await run([...rolekeeper, 'status', '--json'], env(directory.path));
    expectStatusSchema(JSON.parse(json.stdout));
    const { accessKeyId } = await simulator.currentSet();
    for (const text of [stdout, json.stdout]) expect(text).not.toContain(accessKeyId);
  });

  test('says so where another program listens on the socket', async () => {
    await using machine = await simulatedMachine();
    const { world, written } = verbOn(machine);
    const { createServer } = await import('node:http');
    const other = createServer((_, response) => response.end('{"phase":1}'));
    await new Promise<void>((resolve) => other.listen(`${machine.runtimeDirectory}/agent.sock`, resolve));
    expect(await status({}, world, () => NO_SHADOWS)).toBe(1);
    other.close();
    expect(written.stderr).toMatch(/^rolekeeper: What listens on \S+ gave no status: .*\n$/);
  });
});
