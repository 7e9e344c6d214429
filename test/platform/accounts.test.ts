import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { accounts } from '../../src/platform/accounts.ts';
import { temporaryDirectory } from '../support/agent-process.ts';

test('names of users, and the groups that they get at login', () => {
  using directory = temporaryDirectory();
  const passwd = join(directory.path, 'passwd');
  const group = join(directory.path, 'group');
  writeFileSync(passwd, 'root:x:0:0::/root:/bin/sh\nbackup:x:1001:1002::/:/bin/sh\nbroken:x:1003\n');
  writeFileSync(group, 'backup:x:1002:\nmedia:x:1005:web,backup\nweb:x:1006:web,backups\nodd:x::backup\n');
  const { userName, groupsOf } = accounts({ passwd, group });
  expect([userName(0), userName(1001), userName(1003), userName(7)]).toEqual([
    'root',
    'backup',
    undefined,
    undefined,
  ]);
  expect(groupsOf(1001)).toEqual(new Set([1002, 1005]));
  expect(groupsOf(7)).toBeUndefined();
});

test('without the files nobody is known', () => {
  const { userName, groupsOf } = accounts({ passwd: '/nonexistent', group: '/nonexistent' });
  expect([userName(0), groupsOf(0)]).toEqual([undefined, undefined]);
});

test('where users keep files of their own, as far as that is said', () => {
  using directory = temporaryDirectory();
  const passwd = join(directory.path, 'passwd');
  writeFileSync(
    passwd,
    'root:x:0:0::/root:/bin/sh\nodd:x:5:5:::/bin/sh\nshort:x\nweb:x:33:33::/var/www:/x\n',
  );
  expect(accounts({ passwd }).homes()).toEqual([
    { user: 'root', path: '/root' },
    { user: 'web', path: '/var/www' },
  ]);
});
