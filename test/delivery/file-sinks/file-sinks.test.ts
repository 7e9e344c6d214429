import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { FileSinkOptions } from '../../../src/delivery/file-sinks/file-sink.ts';
import { createFileSinks } from '../../../src/delivery/file-sinks/file-sinks.ts';
import { fileFormat } from '../../../src/domain/file-formats.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { createRunHook, type Hook, type RunHook } from '../../../src/platform/run-hook.ts';
import { startChild } from '../../support/child.ts';
import { programPath, pythonWith } from '../../support/machine.ts';
import { settle } from '../../support/manual-clock.ts';
import { memoryLog } from '../../support/memory-log.ts';
import {
  clock,
  directory,
  disk,
  hooks,
  keyIn,
  log,
  options,
  path,
  read,
  sinks,
  start,
  succeeded,
} from './sink-fixture.ts';
import { held, memoryDirectory, ownUid, passing, type TemporaryDirectory } from './temporary.ts';

describe('when the agent stops', () => {
  test.each([
    ['keep', true],
    ['remove', false],
  ] as const)('%s', async (atStop, isThere) => {
    const sink = start({ atStop });
    await sink.update(held(1));
    await sink.close();
    expect(existsSync(path)).toBe(isThere);
    expect(clock.pendingTimers()).toBe(0);
    await sink.update(held(2));
    expect(isThere && keyIn()).toBe(isThere && '0001');
  });

  test('a disk that does not answer holds it up for 5 s and no longer', async () => {
    const sink = start({}, { disk: { ...disk, tryOut: () => new Promise(() => {}) } });
    sinks?.update(held(1));
    await settle();
    await sink.close();
    expect(log.at('error')).toEqual([
      'A disk does not answer: some files are left as they are; look at the disk, and at the files, before the next start',
    ]);
  });
});

describe('what is wrong is known at the start, said once, and tried again', () => {
  test('a directory that does not exist', async () => {
    const missing = directory.file('later');
    const sink = start({ path: join(missing, 'credentials') });
    await sink.idle();
    const problem = `${missing}/credentials is not written: its directory ${missing} does not exist: create it before the agent starts, or change the path`;
    expect(log.at('error')).toEqual([problem]);
    expect(sink.status()).toEqual({ path: `${missing}/credentials`, format: 'shared-credentials', problem });
    await sink.update(undefined, true);
    await sink.update(undefined);
    await sink.update(held(1));
    await sink.update(held(1));
    expect(log.at('error')).toHaveLength(1);
    expect(sink.status()?.problem).toBe(problem);
    mkdirSync(missing);
    await sink.update(held(1));
    expect(existsSync(join(missing, 'credentials'))).toBe(true);
    expect(log.at('info')).toContain('The file is kept again');
    expect(hooks).toHaveLength(1);
  });

  test('a link in the place of the file is neither followed nor lost', async () => {
    const target = directory.file('target');
    writeFileSync(target, 'theirs');
    symlinkSync(target, path);
    const sink = start({ format: 'env' });
    await sink.update(held(1));
    await sink.update(undefined);
    expect(readFileSync(target, 'utf8')).toBe('theirs');
    expect(log.at('error')).toEqual([expect.stringContaining('is a symbolic link')]);
    rmSync(path);
    await sink.update(held(2));
    expect(keyIn('env')).toBe('0002');
  });

  test('a link that takes the place of the file later', async () => {
    const sink = start({ format: 'env' });
    await sink.update(held(1));
    renameSync(path, directory.file('moved'));
    symlinkSync('moved', path);
    await sink.update(held(2));
    expect(readFileSync(directory.file('moved'), 'latin1')).toContain('KEY0001');
    expect(log.at('error')).toEqual([expect.stringContaining('is a symbolic link')]);
    expect(hooks).toHaveLength(1);
  });

  test('a file that somebody else wrote', async () => {
    writeFileSync(path, 'PATH=/bin\n');
    const sink = start({ format: 'env' });
    await sink.update(held(1));
    expect(read()).toBe('PATH=/bin\n');
    expect(sink.status()?.problem).toBe(
      `${path} is not written: what is there was not written by rolekeeper: move it away, or change the path`,
    );
  });

  test.each([
    [
      { owner: 'nobody-of-that-name' },
      'there is no user nobody-of-that-name on this machine: create it or change owner',
    ],
    [
      { group: 'nobody-of-that-name' },
      'there is no group nobody-of-that-name on this machine: create it or change group',
    ],
  ])('an owner or group that does not exist: %j', async (more, reason) => {
    const sink = start(more);
    await sink.update(held(1));
    expect(log.at('error')).toEqual([`${path} is not written: ${reason}`]);
    expect(existsSync(path)).toBe(false);
  });

  test("a file of the agent's own", async () => {
    const sink = start({}, { reserved: [path] });
    await sink.update(held(1));
    expect(log.at('error')).toEqual([
      `${path} is not written: rolekeeper keeps a file of its own there: change the path`,
    ]);
    expect(existsSync(path)).toBe(false);
  });

  test('credentials that cannot be taken out', async () => {
    const sink = start();
    await sink.update(held(1));
    chmodSync(directory.path, 0o777);
    await sink.update(undefined);
    expect(sink.status()?.problem).toMatch(
      new RegExp(
        `^${path} may still hold credentials that were to be taken out: every user may replace files in`,
      ),
    );
    chmodSync(directory.path, 0o755);
    await sink.update(undefined);
    expect(existsSync(path)).toBe(false);
    expect(sink.status()?.problem).toBeUndefined();
  });
});

test('one file that cannot be written does not keep the others from it', async () => {
  const other = { ...options(), path: directory.file('no/credentials') };
  const both = createFileSinks([other, options()], {
    clock,
    networkClock: clock,
    random: systemRandom,
    disk,
    log,
    uid: ownUid,
    runHook: async () => succeeded,
  });
  both.update(held(1));
  await passing(clock, disk, both.idle());
  expect(keyIn()).toBe('0001');
  expect(both.status().map(({ problem }) => problem !== undefined)).toEqual([true, false]);
});

test('no secret is in the log or the status', async () => {
  const sink = start();
  await sink.update(held(1));
  writeFileSync(path, `x${read()}`);
  await sink.update(held(2));
  expect(log.at('error')).toHaveLength(1);
  expect(JSON.stringify([log.lines, sink.status()])).not.toMatch(/EXAMPLE(Secret|Session)|ASIA/);
});

const MODE = 0o640;
const OTHERS = '# by hand\r\n[others]\r\nregion = eu-west-1\r\n\r\n';
const reader = (name: string) => fileURLToPath(new URL(`readers/${name}`, import.meta.url));

function sink(
  directory: TemporaryDirectory,
  format: FileSinkOptions['format'],
  onChange: string[],
): FileSinkOptions {
  return {
    format,
    path: directory.file(format),
    profile: 'default',
    mode: MODE,
    owner: '',
    group: '',
    onChange,
    onChangeTimeout: 30_000,
    atWithdrawal: 'remove',
    atStop: 'keep',
  };
}

function rotating(directory: TemporaryDirectory, runHook: RunHook, onChange: string[]) {
  const log = memoryLog();
  const options = (['shared-credentials', 'env', 'credential-process'] as const).map((format) =>
    sink(directory, format, onChange),
  );
  const clocks = { clock: systemClock, networkClock: systemClock };
  const sinks = createFileSinks(options, { ...clocks, random: systemRandom, log, uid: ownUid, runHook });
  return {
    log,
    paths: options.map(({ path }) => path),
    async rotate(serial: number) {
      sinks.update(held(serial));
      await sinks.idle();
    },
    close: () => sinks.close(),
  };
}

const boto3 = pythonWith('boto3');
const withoutBoto3 = boto3 === undefined ? ' (without boto3, which is not here)' : '';

test(`1000 rotations under five readers: nothing is torn, empty or mixed, and every change is told once${withoutBoto3}`, {
  timeout: 180_000,
}, async () => {
  using directory = memoryDirectory();
  const stop = directory.file('stop');
  const hooks: Hook[] = [];
  writeFileSync(directory.file('shared-credentials'), OTHERS, { mode: MODE });
  const files = rotating(
    directory,
    async (hook) => {
      hooks.push(hook);
      return { end: { kind: 'exited', status: 0 }, outputBytes: 0 };
    },
    ['reload'],
  );
  await files.rotate(1);
  const [profiles = '', variables = '', line = ''] = files.paths;
  const python = programPath('python3');
  const readers = [
    ...(python === undefined ? [] : [[python, reader('profile.py'), profiles, stop]]),
    ...(boto3 === undefined ? [] : [[boto3, reader('boto.py'), profiles, stop]]),
    ['/bin/sh', reader('variables.sh'), variables, stop],
    [process.execPath, reader('line.ts'), line, stop],
    [process.execPath, reader('access.ts'), stop, MODE.toString(8), ...files.paths],
  ].map((command) => startChild(command));
  await Promise.all(readers.map((each) => each.says(/^ready$/m)));

  for (let serial = 2; serial <= 1_000; serial++) {
    await files.rotate(serial);
    if (serial % 10 === 0) await files.rotate(serial);
  }
  writeFileSync(stop, '', { mode: 0o600 });

  for (const each of readers) {
    const { code, stderr, stdout } = await each.ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const [, reads = '0', sets = '0'] = /^read (\d+) (\d+)$/m.exec(stdout) ?? [];
    expect(Number(reads)).toBeGreaterThan(20);
    expect(Number(sets)).toBeGreaterThan(10);
  }
  expect(hooks.length).toBe(3 * 1_000);
  for (const path of files.paths) {
    expect(hooks.filter((hook) => hook.file === path)).toHaveLength(1_000);
    expect(statSync(path).mode & 0o7777).toBe(MODE);
  }
  expect(readFileSync(profiles, 'latin1').startsWith(`${OTHERS}[default]\r\n`)).toBe(true);
  expect([...files.log.at('error'), ...files.log.at('warn')]).toEqual([]);
  await files.close();
  expect(readdirSync(directory.path).sort()).toEqual(
    [...['shared-credentials', 'env', 'credential-process'], 'stop'].sort(),
  );
});

test('a writer that is killed at any moment leaves whole files, and the next one sweeps up after it', {
  timeout: 60_000,
}, async () => {
  using directory = memoryDirectory();
  writeFileSync(directory.file('shared-credentials'), OTHERS, { mode: MODE });
  const formats = ['shared-credentials', 'env', 'credential-process'] as const;
  for (let kills = 0; kills < 12; kills++) {
    const first = 1 + kills * 100;
    const writer = startChild([process.execPath, reader('rotate.ts'), directory.path, String(first)]);
    await writer.says(new RegExp(`^${first + 1 + (kills % 4)}$`, 'm'));
    writer.kill('SIGKILL');
    await writer.ended;
    for (const format of formats) {
      const content = readFileSync(directory.file(format), 'latin1');
      const serial = Number(fileFormat(format, 'default').setIn(content)?.accessKeyId.slice(-4));
      expect(serial).toBeGreaterThanOrEqual(first);
      const whole = fileFormat(format, 'default').withSet(
        format === 'shared-credentials' ? OTHERS : '',
        held(serial),
      );
      expect(whole).toEqual({ ok: true, content });
    }
  }
  const next = rotating(directory, () => Promise.reject(new Error('No command was configured')), []);
  await next.rotate(1);
  await next.close();
  expect(readdirSync(directory.path).sort()).toEqual([...formats].sort());
});

test('a real command runs once for each change, after the file is in place', async () => {
  using directory = memoryDirectory();
  const runs = directory.file('runs');
  const files = rotating(directory, createRunHook(systemClock, {}), [
    '/bin/sh',
    '-c',
    'grep -ho "KEY[0-9][0-9]*" "$ROLEKEEPER_FILE" >> "$0"',
    runs,
  ]);
  for (let serial = 1; serial <= 20; serial++) {
    await files.rotate(serial);
    await files.rotate(serial);
  }
  await files.close();
  const seen = readFileSync(runs, 'utf8').trim().split('\n').sort();
  const serials = Array.from({ length: 20 }, (_, index) => `KEY${String(index + 1).padStart(4, '0')}`);
  expect(seen).toEqual(serials.flatMap((serial) => [serial, serial, serial]));
  expect(files.log.at('warn')).toEqual([]);
});
