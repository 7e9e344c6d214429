import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  clock,
  directory,
  disk,
  hooks,
  inode,
  keyIn,
  log,
  path,
  read,
  sinks,
  start,
  succeeded,
  UNTIL,
} from './sink-fixture.ts';
import { held, ownGid, ownUid } from './temporary.ts';

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
    const set = held(1);
    await sink.update(set);
    await sink.update({ ...set, advertisedExpiration: Date.parse('2026-11-23T14:10:00Z') });
    expect(read()).toContain('AWS_CREDENTIAL_EXPIRATION=2026-11-23T14:10:00Z');
    expect(hooks).toHaveLength(1);
  });

  test('is written for the account id that becomes known', async () => {
    const sink = start({ format: 'env' });
    const set = held(1);
    await sink.update({ ...set, accountId: undefined });
    expect(read()).not.toContain('AWS_ACCOUNT_ID');
    await sink.update(set);
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
    hooks.length = 0;
    await start().update(held(1));
    expect(inode()).toBe(before);
    expect(hooks).toEqual([]);
  });

  test('a file with the same key and another access gets the right one, and nobody is told', async () => {
    await start({ mode: 0o640 }).update(held(1));
    await sinks?.close();
    hooks.length = 0;
    await start({ mode: 0o600 }).update(held(1));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(hooks).toEqual([]);
  });

  test('a file with another key is written, and what reads it is told', async () => {
    await start().update(held(1));
    await sinks?.close();
    hooks.length = 0;
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
    const sink = start();
    await sink.update(undefined);
    expect(existsSync(path)).toBe(false);
    hooks.length = 0;
    await sink.update(held(1));
    expect(hooks).toEqual([]);
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

  test('goes without a change of who may read the rest', async () => {
    writeFileSync(path, others, { mode: 0o600 });
    const sink = start();
    await sink.update(held(1));
    chmodSync(path, 0o664);
    await sink.update(undefined);
    expect(read()).toBe(others);
    expect(statSync(path).mode & 0o777).toBe(0o664);
    const before = inode();
    await sink.update(undefined);
    expect(inode()).toBe(before);
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
    const sink = start({ mode: 0o600 });
    await sink.idle();
    // An editor empties the file first, and then writes it.
    writeFileSync(path, '', { mode: 0o600 });
    sinks?.update(held(1));
    while (clock.pendingTimers() === 0 && keyIn() === undefined) await disk.next();
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
