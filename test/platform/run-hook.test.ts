import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createRunHook } from '../../src/platform/run-hook.ts';
import { manualClock, settle } from '../support/manual-clock.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolekeeper-hook-'));
afterAll(() => rmSync(directory, { recursive: true }));
const path = (name: string) => join(directory, name);

let clock = manualClock();
let run = createRunHook(clock, {});
beforeEach(() => {
  clock = manualClock();
  run = createRunHook(clock, { PATH: '/usr/bin:/bin', AWS_SECRET_ACCESS_KEY: 'EXAMPLE', LANG: 'C' });
});

const never = new AbortController().signal;

function hook(...command: string[]) {
  return { command, file: '/run/app/credentials', timeoutMs: 30_000 };
}

function sh(script: string, ...args: string[]) {
  return hook('/bin/sh', '-c', script, 'sh', ...args);
}

/** A pipe through which a script says how far it is, so that a test waits for that and not for a time. */
let pipes = 0;
function pipe() {
  const name = path(`pipe-${pipes++}`);
  execFileSync('mkfifo', [name]);
  return { name, said: () => readFile(name, 'utf8') };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'ascii'));
  } catch {
    return false;
  }
}

describe('the end of the command is reported', () => {
  test.each([
    ['/bin/true', { kind: 'exited', status: 0 }],
    ['true', { kind: 'exited', status: 0 }],
    ['/bin/false', { kind: 'exited', status: 1 }],
    ['no-such-command', { kind: 'not-started', reason: 'ENOENT' }],
    ['/', { kind: 'not-started', reason: 'EACCES' }],
    ['', { kind: 'not-started', reason: 'ERR_INVALID_ARG_VALUE' }],
  ])('%j', async (command, end) => {
    expect(await run(hook(command), never)).toEqual({ end, outputBytes: 0 });
    expect(clock.pendingTimers()).toBe(0);
  });

  test('a script that nobody may run', async () => {
    writeFileSync(path('script'), '#!/bin/sh\n');
    chmodSync(path('script'), 0o600);
    expect((await run(hook(path('script')), never)).end).toEqual({ kind: 'not-started', reason: 'EACCES' });
  });

  test('a signal that was not ours', async () => {
    expect((await run(sh('kill -USR1 $$'), never)).end).toEqual({ kind: 'killed', signal: 'SIGUSR1' });
  });
});

test('no shell reads the words', async () => {
  await run(
    hook('/bin/sh', '-c', 'printf "%s|" "$@" > "$0"', path('words'), '$HOME', '*', 'a b', '; true'),
    never,
  );
  expect(readFileSync(path('words'), 'utf8')).toBe('$HOME|*|a b|; true|');
});

test('it knows its file, and nothing of the agent that may be secret', async () => {
  await run(sh('env > "$1"; pwd >> "$1"; cat >> "$1"', path('env')), never);
  const lines = readFileSync(path('env'), 'utf8').trim().split('\n');
  expect(lines.filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line)).sort()).toEqual([
    '/',
    'LANG=C',
    'PATH=/usr/bin:/bin',
    'ROLEKEEPER_FILE=/run/app/credentials',
  ]);
});

test('where the agent has no PATH, a name is looked for in the usual places', async () => {
  expect((await createRunHook(clock, {})(hook('true'), never)).end).toEqual({ kind: 'exited', status: 0 });
});

test('output is counted and passed on to nobody, however much it is', async () => {
  const { end, outputBytes } = await run(sh('head -c 1000000 /dev/zero; echo error >&2'), never);
  expect([end, outputBytes]).toEqual([{ kind: 'exited', status: 0 }, 1_000_006]);
});

describe('a command that takes too long', () => {
  test('is asked to end, with everything that it started', async () => {
    const { name, said } = pipe();
    const result = run(sh('sleep 1000 & echo "$$ $!" > "$1"; wait', name), never);
    const pids = (await said()).trim().split(' ').map(Number);
    await clock.advance(29_999);
    expect(pids.map(isAlive)).toEqual([true, true]);
    await clock.advance(1);
    expect((await result).end).toEqual({ kind: 'timed-out' });
    await expect.poll(() => pids.map(isAlive)).toEqual([false, false]);
    expect(clock.pendingTimers()).toBe(0);
  });

  test('and does not listen is ended all the same, 5 s later', async () => {
    const { name, said } = pipe();
    const asked = pipe();
    const script = 'trap "echo asked > $2" TERM; echo $$ > "$1"; while :; do sleep 1000 & wait; done';
    const result = run(sh(script, name, asked.name), never);
    const pid = Number(await said());
    await clock.advance(30_000);
    expect(await asked.said()).toBe('asked\n');
    await clock.advance(4_999);
    expect(isAlive(pid)).toBe(true);
    await clock.advance(1);
    expect((await result).end).toEqual({ kind: 'timed-out' });
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('and ends itself when it is asked does not leave behind what it started', async () => {
    const { name, said } = pipe();
    const inner = `trap "" TERM; echo "$PPID $$" > "$1"; while :; do sleep 1000; done`;
    const result = run(sh('sh -c "$2" sh "$1" & wait', name, inner), never);
    const pids = (await said()).trim().split(' ').map(Number);
    await clock.advance(30_000);
    expect((await result).end).toEqual({ kind: 'timed-out' });
    await expect.poll(() => pids.map(isAlive)).toEqual([false, false]);
  });
});

test('a command that is not wanted any more is ended, and one that was not begun never begins', async () => {
  const stopping = new AbortController();
  const { name, said } = pipe();
  const result = run(sh('echo $$ > "$1"; exec sleep 1000', name), stopping.signal);
  const pid = Number(await said());
  stopping.abort();
  expect((await result).end).toEqual({ kind: 'stopped' });
  await expect.poll(() => isAlive(pid)).toBe(false);

  const file = path('never');
  expect((await run(sh('> "$1"', file), stopping.signal)).end).toEqual({ kind: 'stopped' });
  expect(() => readFileSync(file)).toThrow('ENOENT');
});

test('what a command leaves running is left running, and does not hold up its end', async () => {
  const { name, said } = pipe();
  const unhurried = { ...sh('sleep 1000 & echo $! > "$1"', name), timeoutMs: 1_000_000_000 };
  const result = run(unhurried, never);
  const pid = Number(await said());
  const done = result.then(() => true);
  // Its end is seen in an event of its own: only then does the wait for the pipes begin.
  while (!(await Promise.race([done, settle().then(() => false)]))) await clock.advance(1_000);
  expect((await result).end).toEqual({ kind: 'exited', status: 0 });
  expect(isAlive(pid)).toBe(true);
  process.kill(pid);
});
