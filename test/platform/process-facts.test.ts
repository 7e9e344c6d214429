import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processFacts } from '../../src/platform/process-facts.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { startChild } from '../support/child.ts';

/** A proc file system with one process, 7. */
function proc(files: { stat?: string; cgroup?: string; exe?: string }) {
  const directory = temporaryDirectory();
  mkdirSync(join(directory.path, '7'));
  for (const name of ['stat', 'cgroup'] as const) {
    const text = files[name];
    if (text !== undefined) writeFileSync(join(directory.path, '7', name), text);
  }
  if (files.exe !== undefined) symlinkSync(files.exe, join(directory.path, '7', 'exe'));
  return { directory, facts: processFacts(directory.path), [Symbol.dispose]: directory[Symbol.dispose] };
}

const REST = 'S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2';

describe('the start time', () => {
  test('is the 22nd field, whatever the program is called', () => {
    using plain = proc({ stat: `7 (backup) ${REST}` });
    using odd = proc({ stat: `7 (a) S 1 (b 99) ${REST}` });
    expect([plain.facts.startTime(7), odd.facts.startTime(7)]).toEqual(['987654', '987654']);
  });

  test('of a process that is not there is unknown', () => {
    using empty = proc({ stat: '' });
    expect([empty.facts.startTime(7), empty.facts.startTime(8)]).toEqual([undefined, undefined]);
  });

  test('differs between two real processes, and stays', async () => {
    const facts = processFacts();
    const child = startChild([process.execPath, '-e', 'setInterval(() => {}, 1e6)']);
    const [own, other] = [facts.startTime(process.pid), facts.startTime(child.pid)];
    child.kill('SIGKILL');
    await child.ended;
    expect(own).toMatch(/^\d+$/);
    expect(other).not.toBe(own);
    expect(facts.startTime(process.pid)).toBe(own);
    expect(facts.startTime(child.pid)).toBeUndefined();
  });
});

describe('the program', () => {
  test('is the path of the running file', () => {
    expect(processFacts().exe(process.pid)).toBe(process.execPath);
  });

  test('is unknown once another file, or none, has its path', async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 'sleep');
    copyFileSync('/bin/sleep', path);
    const child = startChild([path, '1000']);
    const facts = processFacts();
    // Until the exec has happened, the child is still this program.
    while (facts.exe(child.pid) === process.execPath) await new Promise(setImmediate);
    expect(facts.exe(child.pid)).toBe(path);
    rmSync(path);
    expect(facts.exe(child.pid), 'removed').toBeUndefined();
    writeFileSync(path, 'another');
    writeFileSync(`${path} (deleted)`, 'what the link seems to say');
    expect(facts.exe(child.pid), 'replaced').toBeUndefined();
    child.kill('SIGKILL');
    await child.ended;
  });
});

describe('the unit', () => {
  test.each([
    ['0::/system.slice/backup.service\n', 'backup.service'],
    ['0::/system.slice/system-web.slice/web@1.service\n', 'web@1.service'],
    ['0::/system.slice/docker-0123abcd.scope\n', 'docker-0123abcd.scope'],
    ['12:cpu:/x\n1:name=systemd:/system.slice/backup.service\n', 'backup.service'],
    ['0::/\n', ''],
    ['0::/init.scope\n', 'init.scope'],
    ['0::/some/group\n', ''],
    ['0::/../../system.slice/backup.service\n', undefined],
    ['', undefined],
  ])('of %j is %j', (cgroup, unit) => {
    using one = proc({ cgroup });
    expect(one.facts.unit(7)).toBe(unit);
  });

  test.each([
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/backup.service\n',
    '0::/system.slice/delegated.service/backup.service\n',
    '0::/user.slice/user-1000.slice/session-3.scope/system.slice/backup.service\n',
  ])('is never one that a user has called so: %j', (cgroup) => {
    using one = proc({ cgroup });
    expect(one.facts.unit(7)).not.toBe('backup.service');
    expect(one.facts.unit(7)).toMatch(/^(user@1000\.service|delegated\.service|session-3\.scope)$/);
  });
});
