import { describe, expect, test } from 'vitest';
import type { CommandWorld } from '../../src/cli/command-world.ts';
import { wait } from '../../src/cli/wait.ts';
import { systemBoot } from '../../src/platform/clock.ts';
import { agentProcess, simulatorProcess, temporaryDirectory } from '../support/agent-process.ts';
import { rolekeeper, run, startChild } from '../support/child.ts';
import { manualClock } from '../support/manual-clock.ts';
import { type MachineOptions, simulatedMachine } from '../support/running-agent.ts';

const command = (directory: string, ...flags: string[]) => [
  ...[...rolekeeper, 'wait', '--runtime-dir', directory, ...flags],
];

/** The verb as a function, in a time of its own. */
function waiting(runtimeDir: string, timeout: number) {
  const clock = manualClock();
  const stop = new AbortController();
  let stderr = '';
  let result: number | undefined;
  const stream = { write: (text: string) => (stderr += text) } as unknown as NodeJS.WritableStream;
  const world: CommandWorld = {
    ...{ env: {}, uid: 0, pid: 1, version: '0', boot: systemBoot(), random: () => 0 },
    ...{ clock, stdout: stream, stderr: stream, stop: stop.signal },
  };
  const ended = wait({ runtimeDir, timeout }, world);
  void ended.then((code) => {
    result = code;
  });
  return {
    clock,
    stop,
    ended,
    stderr: () => stderr,
    isOver: () => result !== undefined,
    /** Lets its time pass in steps, and the event loop turn in between, until it has ended. */
    async pass(ms: number, stepMs = 50): Promise<void> {
      for (let passed = 0; passed < ms && result === undefined; passed += stepMs) {
        await clock.advance(stepMs);
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      }
    },
  };
}

async function machine(options: MachineOptions = {}) {
  const made = await simulatedMachine(options);
  await made.start();
  return made;
}

describe('It returns 0', () => {
  test('at once where credentials are served', async () => {
    await using world = await machine();
    const waits = waiting(world.runtimeDirectory, 60_000);
    expect(await waits.ended).toBe(0);
    expect(waits.stderr()).toBe('');
  });

  test('when the agent is started later', async () => {
    await using world = await simulatedMachine();
    const waits = waiting(world.runtimeDirectory, 60_000);
    await waits.pass(10_000);
    expect(waits.isOver()).toBe(false);
    await world.start();
    await waits.pass(5_000);
    expect(await waits.ended).toBe(0);
  });

  test('when a role is attached, within 15 s', async () => {
    await using world = await machine({ instance: { role: null } });
    const waits = waiting(world.runtimeDirectory, 200_000);
    await waits.pass(10_000);
    await world.advance(90_000);
    expect(waits.isOver()).toBe(false);
    world.instance.attachRole('web');
    await world.advance(15_000);
    await waits.pass(1_000);
    expect(await waits.ended).toBe(0);
  });
});

describe('When the time is over it tells the last obstacle, and returns', () => {
  test('3 without an agent', async () => {
    using directory = temporaryDirectory();
    const waits = waiting(directory.path, 3_000);
    await waits.pass(4_000);
    expect(await waits.ended).toBe(3);
    expect(waits.stderr()).toMatch(
      /^rolekeeper: no credentials after 3 s: No agent is listening on [^\n]+\n$/,
    );
  });

  test('5 without a role', async () => {
    await using world = await machine({ instance: { role: null } });
    const waits = waiting(world.runtimeDirectory, 3_000);
    await waits.pass(10_000);
    expect(await waits.ended).toBe(5);
    expect(waits.stderr()).toMatch(
      /^rolekeeper: no credentials after 3 s: [^\n]*no role is attached[^\n]*\n$/,
    );
  });

  test('6 where IMDS gives none', async () => {
    await using world = await simulatedMachine();
    world.instance.setFault({ kind: 'code', code: 'AssumeRoleUnauthorizedAccess' });
    await world.start();
    const waits = waiting(world.runtimeDirectory, 3_000);
    await waits.pass(10_000);
    expect(await waits.ended).toBe(6);
    expect(waits.stderr()).toContain('AssumeRoleUnauthorizedAccess');
  });

  test('no later than it is over', async () => {
    using directory = temporaryDirectory();
    const waits = waiting(directory.path, 1_000);
    const before = waits.clock.now();
    await waits.pass(60_000, 10);
    await waits.ended;
    expect(waits.clock.now() - before).toBeLessThanOrEqual(1_260);
  });
});

test('A signal ends it before its time', async () => {
  using directory = temporaryDirectory();
  const waits = waiting(directory.path, 60_000);
  await waits.pass(1_000);
  waits.stop.abort('SIGTERM');
  expect(await waits.ended).toBe(3);
});

describe.concurrent('As a process', () => {
  test('it returns when a role is attached, with nothing on stdout and stderr', async () => {
    using directory = temporaryDirectory();
    await using simulator = await simulatorProcess('--no-role');
    const flags = ['--imds-check-interval', '200ms'];
    await using agent = await agentProcess({
      ...{ endpoint: simulator.url, runtimeDirectory: directory.path, flags },
    });
    await agent.becomes(({ phase }) => phase === 'absent');
    const waits = startChild(command(directory.path));
    await simulator.control({ role: 'web' });
    expect(await waits.ended).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect((await agent.status()).serving).toBe(true);
  });

  test('it ends by itself without an agent', async () => {
    using directory = temporaryDirectory();
    const ended = await run(command(directory.path, '--timeout', '300ms'));
    expect(ended).toMatchObject({ code: 3, stdout: '' });
    expect(ended.stderr).toMatch(/^rolekeeper: no credentials after 0\.3 s: [^\n]+\n$/);
  });

  test('it returns 2 for a time that is none, and for a directory that is no absolute path', async () => {
    const [time, path] = await Promise.all([
      run(command('/nowhere', '--timeout', '3')),
      run(command('relative', '--timeout', '1s')),
    ]);
    expect(time).toMatchObject({ code: 2, stdout: '' });
    expect(time.stderr).toContain('Expected a length of time such as 90s, 5m or 6h.');
    expect(path).toMatchObject({ code: 2, stdout: '' });
    expect(path.stderr).toContain('must name the runtime directory by an absolute path');
  });
});
