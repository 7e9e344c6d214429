import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createProcessFile, keepShown, type ProcessFile } from '../../src/delivery/process-file.ts';
import type { Held } from '../../src/domain/life-state.ts';
import type { Files } from '../../src/domain/ports.ts';
import { systemBoot } from '../../src/platform/clock.ts';
import { systemFiles } from '../../src/platform/files.ts';
import { mayMount, mountOnly, onTinyFileSystem } from '../platform/tiny-file-system.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { roleCredentials } from '../support/credentials.ts';
import { isRoot } from '../support/machine.ts';
import { memoryLog } from '../support/memory-log.ts';

const GROUP = 12_345;
const BOOT_ID = '0f0e0d0c-0b0a-4908-8706-050403020100';
const rootOnly = isRoot ? '' : ' (skipped: only root may give files away)';

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
let uptime: number;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'credential-process.json');
  uptime = 1_000.25;
});
afterEach(() => directory[Symbol.dispose]());

function processFile(options: { mode?: number; gid?: number } = {}): ProcessFile {
  const { mode = 0o640, gid } = options;
  const boot = { id: BOOT_ID, uptimeSeconds: () => uptime };
  return createProcessFile({ path, mode, gid, boot });
}

function heldSet(serial = 1, advertised = '2026-11-23T10:00:00Z'): Held {
  const set = roleCredentials(serial, '2026-11-23T10:00:00Z');
  return { ...set, generation: serial, advertisedExpiration: Date.parse(advertised) };
}

const content = () => readFileSync(path, 'utf8');
const names = () => readdirSync(directory.path);
/** Changes with every replacement. */
function identity(): string {
  const { ino, ctimeMs } = lstatSync(path);
  return `${ino} ${ctimeMs}`;
}

describe('The file', () => {
  test('is the answer of credential_process in one line, with KeepUntil as its last member', () => {
    processFile().show(heldSet(), 60_000);
    expect(content()).toBe(
      `{"Version":1,"AccessKeyId":"ASIAQ3EXAMPLEKEY0001","SecretAccessKey":"EXAMPLESecretAccessKey0001",` +
        `"SessionToken":"EXAMPLESessionToken0001","Expiration":"2026-11-23T10:00:00Z","AccountId":"111122223333",` +
        `"KeepUntil":"1060/${BOOT_ID}"}\n`,
    );
    expect(JSON.parse(content())).toMatchObject({ Version: 1 });
  });

  test.each([
    [0, '1000'],
    [749, '1000'],
    [750, '1001'],
    [3_600_000, '4600'],
  ])(
    'that may be shown for %i ms may be printed until second %s of this boot, never longer',
    (forMs, until) => {
      processFile().show(heldSet(), forMs);
      expect(content()).toContain(`"KeepUntil":"${until}/${BOOT_ID}"}`);
    },
  );

  test('has the expiration that consumers are told', () => {
    processFile().show(heldSet(1, '2026-11-23T10:07:30Z'), 1_000);
    expect(content()).toContain('"Expiration":"2026-11-23T10:07:30Z"');
  });

  test("is dated by this machine's own boot", () => {
    const boot = systemBoot();
    createProcessFile({ path, mode: 0o640, gid: undefined, boot }).show(heldSet(), 60_000);
    const [, until, id] = /"KeepUntil":"(\d+)\/([^"]+)"\}\n$/.exec(content()) ?? [];
    expect(id).toBe(boot.id);
    expect(Number(until) - boot.uptimeSeconds()).toBeGreaterThan(50);
    expect(Number(until) - boot.uptimeSeconds()).toBeLessThanOrEqual(60);
  });

  test.each([0o000, 0o077, 0o777])('has mode 0640 under umask %i', (umask) => {
    const before = process.umask(umask);
    onTestFinished(() => {
      process.umask(before);
    });
    processFile().show(heldSet(), 60_000);
    expect(lstatSync(path).mode & 0o7777).toBe(0o640);
  });

  test.skipIf(!isRoot)(`belongs to the group of the socket${rootOnly}`, () => {
    processFile({ gid: GROUP }).show(heldSet(), 60_000);
    expect(lstatSync(path)).toMatchObject({ uid: 0, gid: GROUP });
  });
});

describe('At creation', () => {
  test('the file of an earlier run goes, and what a killed writer left', () => {
    writeFileSync(path, 'the set of an earlier run');
    writeFileSync(join(directory.path, '.credential-process.json.tmp-0123456789ab'), 'half');
    processFile();
    expect(names()).toEqual([]);
  });
});

describe('Shown again', () => {
  test('the same set with the same deadline is not written again, however often', () => {
    const file = processFile();
    const held = heldSet();
    file.show(held, 3_600_000);
    const first = identity();
    for (let minute = 1; minute < 60; minute++) {
      uptime += 60;
      file.show(held, 3_600_000 - minute * 60_000);
    }
    expect(identity()).toBe(first);
  });

  test.each([
    [20, false],
    [-20, false],
    [1_000, true],
    [-1_000, true],
    [600_000, true],
  ])('with a deadline %i ms from the one that is there it is written: %s', (shift, isWritten) => {
    const file = processFile();
    const held = heldSet();
    uptime = 1_000;
    file.show(held, 900_000);
    const first = identity();
    file.show(held, 900_000 + shift);
    expect(identity() !== first).toBe(isWritten);
    const until = 1_900 + (isWritten ? shift / 1_000 : 0);
    expect(content()).toContain(`"KeepUntil":"${until}/`);
  });

  test('a deadline that creeps is written at every step', () => {
    const file = processFile();
    const held = heldSet();
    file.show(held, 900_000);
    for (let step = 1; step <= 20; step++) {
      file.show(held, 900_000 - step * 500);
      const [, until] = /"KeepUntil":"(\d+)/.exec(content()) ?? [];
      expect(Number(until)).toBe(Math.floor(uptime + 900 - step * 0.5));
    }
  });

  test('another set is written, although all of its parts may be the same', () => {
    const file = processFile();
    file.show(heldSet(1), 60_000);
    const first = identity();
    file.show(heldSet(1), 60_000);
    expect(identity()).not.toBe(first);
    file.show(heldSet(2), 60_000);
    expect(content()).toContain('ASIAQ3EXAMPLEKEY0002');
  });

  test('nothing takes the file away, and then the same set brings it back', () => {
    const file = processFile();
    const held = heldSet();
    file.show(held, 60_000);
    file.show(undefined, 0);
    expect(names()).toEqual([]);
    file.show(undefined, 0);
    file.show(held, 60_000);
    expect(names()).toEqual(['credential-process.json']);
  });
});

describe('A file that cannot be written', () => {
  test('is removed, so that it shows no set that was replaced; the next attempt heals it', () => {
    const { file, disk } = onFullDisk();
    const held = heldSet(2);
    file.show(heldSet(1), 60_000);
    disk.isFull = true;
    expect(() => file.show(held, 60_000)).toThrow('ENOSPC');
    expect(names()).toEqual([]);
    disk.isFull = false;
    file.show(held, 60_000);
    expect(content()).toContain('ASIAQ3EXAMPLEKEY0002');
  });

  test.skipIf(!mayMount)(`is so on a file system that is really full${mountOnly}`, async () => {
    const code = `
      import fs from 'node:fs';
      import { createProcessFile } from 'src/delivery/process-file.ts';
      import { Secret } from 'src/domain/secret.ts';
      const [, directory] = process.argv;
      const path = directory + '/file.json';
      const boot = { id: 'boot', uptimeSeconds: () => 1 };
      const heldSet = (accessKeyId, length) => ({
        roleName: 'web', accountId: undefined, generation: 1, advertisedExpiration: 0,
        credentials: { accessKeyId, secretAccessKey: new Secret('x'), sessionToken: new Secret('x'.repeat(length)), expiration: 0 },
      });
      const file = createProcessFile({ path, mode: 0o640, gid: undefined, boot });
      file.show(heldSet('OLDEXAMPLE', 100), 60_000);
      try { file.show(heldSet('LARGEEXAMPLE', 200_000), 60_000); } catch (error) { console.log(error.code); }
      console.log(fs.readdirSync(directory).length);
      file.show(heldSet('NEWEXAMPLE', 100), 60_000);
      console.log(fs.readdirSync(directory).join(), JSON.parse(fs.readFileSync(path)).AccessKeyId);`;
    const { stdout, stderr } = await onTinyFileSystem(directory.path, code);
    expect({ stdout, stderr }).toEqual({ stdout: 'ENOSPC\n0\nfile.json NEWEXAMPLE\n', stderr: '' });
  });

  test('is told in one line for as long as it lasts, and in one when a set could be written', () => {
    const log = memoryLog();
    const { file, disk } = onFullDisk();
    const show = keepShown(file, log);
    show({ served: heldSet(1), servedForMs: 60_000 });
    disk.isFull = true;
    for (let serial = 2; serial < 2_000; serial++) show({ served: heldSet(serial), servedForMs: 60_000 });
    show({ served: undefined, servedForMs: 0 });
    expect(log.lines).toEqual([
      {
        level: 'warn',
        message: 'Cannot write the process file. Free the runtime directory',
        fields: { because: 'ENOSPC: no space left on device, write' },
      },
    ]);
    disk.isFull = false;
    show({ served: undefined, servedForMs: 0 });
    expect(log.lines).toHaveLength(1);
    show({ served: heldSet(3), servedForMs: 60_000 });
    show({ served: heldSet(4), servedForMs: 60_000 });
    expect(log.at('info')).toEqual(['The process file can be written again']);
  });

  function onFullDisk() {
    const disk = { isFull: false };
    const files: Files = {
      ...systemFiles,
      replace(...args) {
        if (disk.isFull) throw new Error('ENOSPC: no space left on device, write');
        systemFiles.replace(...args);
      },
    };
    const boot = { id: BOOT_ID, uptimeSeconds: () => uptime };
    return { disk, file: createProcessFile({ path, mode: 0o640, gid: undefined, boot, files }) };
  }
});
