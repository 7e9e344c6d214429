import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { FileSinkOptions } from '../../../src/delivery/file-sinks/file-sink.ts';
import { createFileSinks } from '../../../src/delivery/file-sinks/file-sinks.ts';
import { createSinkDisk } from '../../../src/delivery/file-sinks/sink-disk.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { createRunHook, type Hook, type RunHook } from '../../../src/platform/run-hook.ts';
import { startChild } from '../../support/child.ts';
import { programPath } from '../../support/machine.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { memoryLog } from '../../support/memory-log.ts';
import {
  held,
  memoryDirectory,
  observedDisk,
  ownUid,
  passing,
  type TemporaryDirectory,
} from './temporary.ts';

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
  const clock = manualClock();
  const log = memoryLog();
  const disk = observedDisk(createSinkDisk(systemRandom));
  const options = (['shared-credentials', 'env', 'credential-process'] as const).map((format) =>
    sink(directory, format, onChange),
  );
  const parts = { clock, networkClock: clock, random: systemRandom, log, disk, uid: ownUid, runHook };
  const sinks = createFileSinks(options, parts);
  return {
    log,
    paths: options.map(({ path }) => path),
    async rotate(serial: number) {
      sinks.update(held(serial));
      await passing(clock, disk, sinks.idle());
    },
    close: () => passing(clock, disk, sinks.close()),
  };
}

test('1000 rotations under four readers: nothing is torn, empty or mixed, and every change is told once', {
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

test('a real command runs once for each change, after the file is in place', async () => {
  using directory = memoryDirectory();
  const runs = directory.file('runs');
  const files = rotating(directory, createRunHook(manualClock(), {}), [
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
