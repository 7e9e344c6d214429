import { beforeEach, describe, expect, test } from 'vitest';
import { createHookQueue, type HookQueue } from '../../../src/delivery/file-sinks/hook-queue.ts';
import type { Hook, HookResult } from '../../../src/platform/run-hook.ts';
import { manualClock, settle } from '../../support/manual-clock.ts';
import { memoryLog } from '../../support/memory-log.ts';

interface Run {
  readonly hook: Hook;
  readonly signal: AbortSignal;
  end(result?: HookResult['end']): Promise<void>;
}

const DONE = { kind: 'exited', status: 0 } as const;
let runs: Run[];
let clock: ReturnType<typeof manualClock>;
let log: ReturnType<typeof memoryLog>;
let queue: HookQueue;

beforeEach(() => {
  runs = [];
  clock = manualClock();
  log = memoryLog();
  queue = createHookQueue({
    clock,
    log,
    runHook(hook, signal) {
      const { promise, resolve } = Promise.withResolvers<HookResult>();
      runs.push({
        hook,
        signal,
        end(end = DONE) {
          resolve({ end, outputBytes: 12 });
          return settle();
        },
      });
      return promise;
    },
  });
});

function hook(file = '/a', command = ['systemctl', 'reload', 'x']): Hook {
  return { command, file, timeoutMs: 30_000 };
}

const files = () => runs.map((run) => run.hook.file);

test('a command runs at once', () => {
  queue.trigger(hook());
  expect(files()).toEqual(['/a']);
});

test('whatever happens during a run is one more run', async () => {
  for (let n = 0; n < 5; n++) queue.trigger(hook());
  await settle();
  expect(files()).toEqual(['/a']);
  await runs[0]?.end();
  expect(files()).toEqual(['/a', '/a']);
  await runs[1]?.end();
  expect(files()).toEqual(['/a', '/a']);
  queue.trigger(hook());
  expect(files()).toEqual(['/a', '/a', '/a']);
});

test('the same command never runs twice at a time, also not for two files', async () => {
  queue.trigger(hook('/a'));
  queue.trigger(hook('/b'));
  queue.trigger(hook('/b'));
  await settle();
  expect(files()).toEqual(['/a']);
  await runs[0]?.end();
  expect(files()).toEqual(['/a', '/b']);
  await runs[1]?.end();
  expect(files()).toEqual(['/a', '/b']);
});

test('different commands do not wait for each other', () => {
  queue.trigger(hook('/a', ['x', 'a b']));
  queue.trigger(hook('/b', ['x', 'a', 'b']));
  expect(files()).toEqual(['/a', '/b']);
});

describe('the log has one line for each run', () => {
  test('with what it cost, when it went well', async () => {
    queue.trigger(hook());
    await clock.advance(1_500);
    await runs[0]?.end();
    expect(log.lines).toEqual([
      {
        level: 'info',
        message: 'The command for a changed file was run',
        fields: { file: '/a', command: 'systemctl', ms: 1_500, output_bytes: 12 },
      },
    ]);
  });

  const nextStep =
    'what reads the file may still use the credentials from before; run the command by hand to see why';
  test.each<[HookResult['end'], string, object]>([
    [{ kind: 'exited', status: 3 }, 'failed with exit status 3', { reason: 'exited', exit_status: 3 }],
    [{ kind: 'killed', signal: 'SIGSEGV' }, 'was ended by SIGSEGV', { reason: 'killed' }],
    [{ kind: 'timed-out' }, 'did not end within 30 s and was ended', { reason: 'timed-out' }],
    [{ kind: 'stopped' }, 'was ended because the agent stops', { reason: 'stopped' }],
    [{ kind: 'not-started', reason: 'ENOENT' }, 'could not be started (ENOENT)', { reason: 'not-started' }],
  ])('%j: with what went wrong', async (end, failure, fields) => {
    queue.trigger(hook('/a', ['systemctl', '--password=EXAMPLE']));
    await runs[0]?.end(end);
    expect(log.lines).toMatchObject([
      { level: 'warn', message: `The command for a changed file ${failure}: ${nextStep}`, fields },
    ]);
    expect(JSON.stringify(log.lines)).not.toContain('EXAMPLE');
  });
});

test('a failure does not keep the next one from running', async () => {
  queue.trigger(hook());
  queue.trigger(hook());
  await runs[0]?.end({ kind: 'not-started', reason: 'ENOENT' });
  expect(files()).toEqual(['/a', '/a']);
});

describe('closing', () => {
  test('with nothing to do is immediate', async () => {
    await queue.close();
    expect(clock.pendingTimers()).toBe(0);
  });

  test('lets what runs and what waits end', async () => {
    queue.trigger(hook());
    queue.trigger(hook());
    const closed = queue.close();
    await clock.advance(4_000);
    await runs[0]?.end();
    await runs[1]?.end();
    await closed;
    expect(runs.map((run) => run.signal.aborted)).toEqual([true, true]);
    expect(log.at('warn')).toEqual([]);
    expect(clock.pendingTimers()).toBe(0);
  });

  test('ends what takes longer', async () => {
    queue.trigger(hook());
    const closed = queue.close();
    await clock.advance(4_999);
    expect(runs[0]?.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(runs[0]?.signal.aborted).toBe(true);
    await runs[0]?.end({ kind: 'stopped' });
    await closed;
  });
});
