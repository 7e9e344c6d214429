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
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FileSinkOptions } from '../../../src/delivery/file-sinks/file-sink.ts';
import {
  createFileSinks,
  type FileSinks,
  type FileSinksParts,
} from '../../../src/delivery/file-sinks/file-sinks.ts';
import { createSinkDisk } from '../../../src/delivery/file-sinks/sink-disk.ts';
import { fileFormat } from '../../../src/domain/file-formats.ts';
import type { Held } from '../../../src/domain/life-state.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import type { Hook, HookResult } from '../../../src/platform/run-hook.ts';
import { type ManualClock, manualClock, settle } from '../../support/manual-clock.ts';
import { memoryLog } from '../../support/memory-log.ts';
import {
  held,
  observedDisk,
  ownGid,
  ownUid,
  passing,
  type TemporaryDirectory,
  temporaryDirectory,
} from './temporary.ts';

const disk = observedDisk(createSinkDisk(systemRandom));
const UNTIL = '2026-11-23T14:00:00Z';
let directory: TemporaryDirectory;
let path: string;
let clock: ManualClock;
let log: ReturnType<typeof memoryLog>;
let hooks: Hook[];
let sinks: FileSinks | undefined;

beforeEach(() => {
  directory = temporaryDirectory();
  path = directory.file('credentials');
  clock = manualClock();
  log = memoryLog();
  hooks = [];
});

afterEach(async () => {
  if (sinks !== undefined) await passing(clock, disk, sinks.close());
  sinks = undefined;
  directory[Symbol.dispose]();
});

function options(more: Partial<FileSinkOptions> = {}): FileSinkOptions {
  return {
    format: 'shared-credentials',
    path,
    profile: 'default',
    mode: 0o640,
    owner: '',
    group: '',
    onChange: ['reload'],
    onChangeTimeout: 30_000,
    atWithdrawal: 'remove',
    atStop: 'keep',
    ...more,
  };
}

const succeeded: HookResult = { end: { kind: 'exited', status: 0 }, outputBytes: 0 };

function start(more: Partial<FileSinkOptions> = {}, parts: Partial<FileSinksParts> = {}) {
  const started = createFileSinks([options(more)], {
    clock,
    networkClock: clock,
    random: systemRandom,
    disk,
    log,
    uid: ownUid,
    runHook: async (hook) => {
      hooks.push(hook);
      return succeeded;
    },
    ...parts,
  });
  sinks = started;
  return {
    status: () => started.status()[0],
    idle: () => passing(clock, disk, started.idle()),
    async update(served: Held | undefined, isPending = false) {
      started.update(served, isPending);
      await passing(clock, disk, started.idle());
    },
    close: () => passing(clock, disk, started.close()),
  };
}

const read = () => readFileSync(path, 'latin1');
const inode = () => statSync(path).ino;
const keyIn = (format: FileSinkOptions['format'] = 'shared-credentials') =>
  fileFormat(format, 'default').setIn(read())?.accessKeyId.slice(-4);

describe('a file', () => {
  test('appears with the first set, with its access, and what reads it is told', async () => {
    const sink = start({ mode: 0o600 });
    await sink.idle();
    expect(existsSync(path)).toBe(false);
    await sink.update(held(1));
    expect(keyIn()).toBe('0001');
    expect(statSync(path).mode & 0o7777).toBe(0o600);
    expect(statSync(path)).toMatchObject({ uid: ownUid, gid: ownGid });
    expect(hooks).toEqual([{ command: ['reload'], file: path, timeoutMs: 30_000 }]);
    expect(sink.status()).toEqual({ path, format: 'shared-credentials', key_id: '…0001' });
    expect(readdirSync(directory.path)).toEqual(['credentials']);
  });

  test('is in place before what reads it is told', async () => {
    let seen: string | undefined;
    const sink = start(
      {},
      {
        runHook: async () => {
          seen = keyIn();
          return succeeded;
        },
      },
    );
    await sink.update(held(1));
    await sink.update(held(2));
    expect(seen).toBe('0002');
  });

  test('is not touched while the set is the same, however often IMDS is asked', async () => {
    const sink = start();
    const set = held(1);
    await sink.update(set);
    const before = inode();
    for (let n = 0; n < 10; n++) await sink.update(set);
    await sink.update({ ...set, generation: 7 });
    await sink.update(held(1));
    expect(inode()).toBe(before);
    expect(hooks).toHaveLength(1);
  });

  test('is written for another expiration of the same key, and nobody is told', async () => {
    const sink = start({ format: 'env' });
    await sink.update(held(1));
    await sink.update({ ...held(1), advertisedExpiration: Date.parse('2026-11-23T14:10:00Z') });
    expect(read()).toContain('AWS_CREDENTIAL_EXPIRATION=2026-11-23T14:10:00Z');
    expect(hooks).toHaveLength(1);
  });

  test('is written for the account id that becomes known', async () => {
    const sink = start({ format: 'env' });
    await sink.update({ ...held(1), accountId: undefined });
    expect(read()).not.toContain('AWS_ACCOUNT_ID');
    await sink.update(held(1));
    expect(read()).toContain('AWS_ACCOUNT_ID=111122223333');
    expect(hooks).toHaveLength(1);
  });

  test('holds the last of several sets that come at once', async () => {
    const sink = start();
    for (let serial = 1; serial <= 9; serial++) sinks?.update(held(serial));
    await sink.idle();
    expect(keyIn()).toBe('0009');
    expect(hooks).toHaveLength(1);
  });

  test.each(['shared-credentials', 'credential-process', 'env'] as const)('is kept as %s', async (format) => {
    const sink = start({ format });
    await sink.update(held(1));
    await sink.update(held(2));
    expect(keyIn(format)).toBe('0002');
    await sink.update(undefined);
    expect(existsSync(path)).toBe(false);
  });
});

describe('at the start', () => {
  test('a file with the same key is left as it is, and nobody is told', async () => {
    await start().update(held(1));
    await sinks?.close();
    const before = inode();
    hooks = [];
    await start().update(held(1));
    expect(inode()).toBe(before);
    expect(hooks).toEqual([]);
  });

  test('a file with the same key and another access gets the right one, and nobody is told', async () => {
    await start({ mode: 0o640 }).update(held(1));
    await sinks?.close();
    hooks = [];
    await start({ mode: 0o600 }).update(held(1));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(hooks).toEqual([]);
  });

  test('a file with another key is written, and what reads it is told', async () => {
    await start().update(held(1));
    await sinks?.close();
    hooks = [];
    await start().update(held(2));
    expect(keyIn()).toBe('0002');
    expect(hooks).toHaveLength(1);
  });

  test('while nothing was fetched, what an earlier run left stays until it expires', async () => {
    await start().update(held(1));
    await sinks?.close();
    const sink = start();
    await sink.update(undefined, true);
    expect(keyIn()).toBe('0001');
    clock.stepWall(Date.parse(UNTIL) - clock.now() - 1);
    await sink.update(undefined, true);
    expect(keyIn()).toBe('0001');
    clock.stepWall(1);
    await sink.update(undefined, true);
    expect(existsSync(path)).toBe(false);
  });

  test('a set of which nobody knows until when it is good stays', async () => {
    const theirs = '[default]\naws_access_key_id = ASIAQ3EXAMPLEKEY0009\n';
    writeFileSync(path, theirs);
    await start().update(undefined, true);
    expect(read()).toBe(theirs);
  });

  test('what a killed writer left is swept up', async () => {
    writeFileSync(directory.file('.credentials.rolekeeper-0123456789ab'), 'EXAMPLE');
    await start().idle();
    expect(readdirSync(directory.path)).toEqual([]);
  });
});

describe('when the credentials are withdrawn', () => {
  test('the file goes', async () => {
    const sink = start();
    await sink.update(held(1));
    await sink.update(undefined);
    expect(existsSync(path)).toBe(false);
    expect(log.at('info')).toContain('Credentials taken out of the file');
    expect(sink.status()).toEqual({ path, format: 'shared-credentials' });
    await sink.update(undefined);
    expect(log.at('info').filter((line) => line.includes('taken out'))).toHaveLength(1);
  });

  test('the file stays where that is wanted', async () => {
    const sink = start({ atWithdrawal: 'keep' });
    await sink.update(held(1));
    await sink.update(undefined);
    expect(keyIn()).toBe('0001');
  });

  test('nobody is told, and neither when the same key comes back', async () => {
    const sink = start();
    await sink.update(held(1));
    await sink.update(undefined);
    await sink.update(held(1));
    expect(keyIn()).toBe('0001');
    expect(hooks).toHaveLength(1);
    await sink.update(held(2));
    expect(hooks).toHaveLength(2);
  });

  test('what an earlier run left goes too', async () => {
    await start().update(held(1));
    await sinks?.close();
    await start().update(undefined);
    expect(existsSync(path)).toBe(false);
  });
});

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
    expect(log.at('error')).toEqual(['A disk does not answer: some files are left as they are']);
  });
});

describe('a profile in a file that others write too', () => {
  const others = '[a]\r\nregion = x ; y\r\n\r\n# b\r\n[b]\r\nrole_arn = z';

  test('comes, changes and goes, and every other byte stays', async () => {
    writeFileSync(path, others, { mode: 0o600 });
    const sink = start();
    for (const serial of [1, 2, 3]) {
      await sink.update(held(serial));
      expect(read().startsWith(`${others}\r\n[default]\r\n`)).toBe(true);
      expect(keyIn()).toBe(`000${serial}`);
    }
    expect(hooks).toHaveLength(3);
    await sink.update(undefined);
    expect(read()).toBe(others);
  });

  test('does not change who may read the file', async () => {
    writeFileSync(path, others, { mode: 0o600 });
    const sink = start({ mode: 0o640 });
    await sink.update(held(1));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is not written where more may read the file than should', async () => {
    writeFileSync(path, others);
    chmodSync(path, 0o644);
    const sink = start();
    await sink.update(held(1));
    expect(read()).toBe(others);
    expect(log.at('error')).toEqual([
      `${path} is not written: the file holds other profiles, and belongs to uid ${ownUid} and gid ${ownGid} with mode 0644: say the same with owner, group and mode (the last digit 0), or choose another path`,
    ]);
    chmodSync(path, 0o640);
    await sink.update(held(1));
    expect(keyIn()).toBe('0001');
    expect(log.at('info')).toContain('The file is kept again');
    expect(sink.status()).toEqual({ path, format: 'shared-credentials', key_id: '…0001' });
  });

  test('is not written over the key of a user', async () => {
    const user = '[default]\naws_access_key_id = AKIAQ3EXAMPLEKEY0001\naws_secret_access_key = EXAMPLE\n';
    writeFileSync(path, user, { mode: 0o600 });
    const sink = start();
    await sink.update(held(1));
    await sink.update(undefined);
    expect(read()).toBe(user);
    expect(log.at('error')).toEqual([expect.stringContaining('holds the key of an IAM user')]);
    expect(hooks).toEqual([]);
  });

  test('survives what others do in between, and is put back where they lost it', async () => {
    const sink = start({ mode: 0o600 });
    await sink.update(held(1));
    writeFileSync(path, `${read()}[c]\nx = 1\n`);
    await sink.update(held(1));
    expect(read()).toMatch(/^\[default\][^[]*\[c\]\nx = 1\n$/);
    await sink.update(held(2));
    expect(read()).toMatch(/^\[default\][^[]*KEY0002[^[]*\[c\]\nx = 1\n$/);
    writeFileSync(path, '[c]\nx = 1\n');
    await sink.update(held(2));
    expect(keyIn()).toBe('0002');
    expect(hooks).toHaveLength(2);
  });

  test('waits until nobody writes the file any more', async () => {
    writeFileSync(path, '[a]\nx = 1\n', { mode: 0o600 });
    const sink = start();
    await sink.idle();
    sinks?.update(held(1));
    await settle();
    writeFileSync(path, '');
    await clock.advance(150);
    writeFileSync(path, '[a]\nx = 2\n[b]\ny = 1\n');
    await sink.idle();
    expect(read().startsWith('[a]\nx = 2\n[b]\ny = 1\n[default]\n')).toBe(true);
  });

  test('loses to no edit that comes between reading and writing', async () => {
    writeFileSync(path, '[a]\nx = 0\n', { mode: 0o600 });
    let edits = 0;
    const sink = start(
      {},
      {
        disk: {
          ...disk,
          replace(...args) {
            if (edits++ < 5) writeFileSync(path, `[a]\nx = ${edits}\n`);
            return disk.replace(...args);
          },
        },
      },
    );
    await sink.update(held(1));
    expect(read().startsWith('[a]\nx = 5\n[default]\n')).toBe(true);
    expect(log.at('error')).toEqual([]);
  });

  test('is left for the next time where the file never comes to rest', async () => {
    writeFileSync(path, '[a]\nx = 0\n', { mode: 0o600 });
    let isBusy = true;
    const sink = start(
      {},
      {
        disk: {
          ...disk,
          replace(...args) {
            if (isBusy) writeFileSync(path, `${read()}#\n`);
            return disk.replace(...args);
          },
        },
      },
    );
    await sink.update(held(1));
    expect(log.at('error')).toEqual([`${path} is not written: somebody else changes the file all the time`]);
    isBusy = false;
    await sink.update(held(1));
    expect(keyIn()).toBe('0001');
    expect(hooks).toHaveLength(1);
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
  sinks = createFileSinks([other, options()], {
    clock,
    networkClock: clock,
    random: systemRandom,
    disk,
    log,
    uid: ownUid,
    runHook: async () => succeeded,
  });
  sinks.update(held(1));
  await passing(clock, disk, sinks.idle());
  expect(keyIn()).toBe('0001');
  expect(sinks.status().map(({ problem }) => problem !== undefined)).toEqual([true, false]);
});

test('no secret is in the log or the status', async () => {
  const sink = start();
  await sink.update(held(1));
  writeFileSync(path, `x${read()}`);
  await sink.update(held(2));
  expect(log.at('error')).toHaveLength(1);
  expect(JSON.stringify([log.lines, sink.status()])).not.toMatch(/EXAMPLE(Secret|Session)|ASIA/);
});
