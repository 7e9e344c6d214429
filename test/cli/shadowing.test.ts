import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findShadowing, type ShadowingWorld } from '../../src/cli/shadowing.ts';
import type { ProcessEnvironment } from '../../src/platform/process-environments.ts';
import { temporaryDirectory } from '../support/agent-process.ts';

const KEYS = 'aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = EXAMPLEsecret\n';

/** A machine with these files in the homes of its users, and these processes. */
function machine(
  files: Readonly<Record<string, string>>,
  processes: readonly (Partial<ProcessEnvironment> & { variables?: readonly string[] })[] = [],
) {
  const directory = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory.path, name)), { recursive: true });
    writeFileSync(join(directory.path, name), text);
  }
  const world: ShadowingWorld = {
    pid: 1,
    accounts: {
      homes: () => ['root', 'backup', 'web'].map((user) => ({ user, path: join(directory.path, user) })),
      userName: (uid) => (uid === 0 ? 'root' : undefined),
    },
    environments: () =>
      processes.map(({ pid = 7, uid = 0, variables, ...rest }) => ({
        pid,
        uid,
        names: variables && new Set(['PATH', ...variables]),
        ...rest,
      })),
    facts: { exe: (pid) => (pid < 100 ? '/usr/bin/aws' : undefined) },
  };
  return {
    path: (name: string) => join(directory.path, name),
    find: (more: Partial<ShadowingWorld> = {}) => findShadowing({ ...world, ...more }),
    [Symbol.dispose]: directory[Symbol.dispose],
  };
}

const NOTHING = { profiles: [], processes: [], unreadable: { users: [], processes: 0 } };

describe('A profile', () => {
  test('that is [default] and has keys is found, in both files, in every home', () => {
    using on = machine({
      'root/.aws/credentials': `[other]\nregion=x\n[default]\n${KEYS}`,
      'web/.aws/config': `[default]\n${KEYS}`,
    });
    expect(on.find()).toEqual({
      ...NOTHING,
      profiles: [
        { user: 'root', file: on.path('root/.aws/credentials') },
        { user: 'web', file: on.path('web/.aws/config') },
      ],
    });
  });

  test.each([
    ['of another name', `[work]\n${KEYS}`],
    ['without keys', '[default]\nregion = eu-central-1\ncredential_process = /x\n'],
    ['with an empty key', '[default]\naws_access_key_id =\n'],
    ['in a comment', `[work]\nregion = x\n# [default]\n#${KEYS}`],
  ])('%s is none', (_, text) => {
    using on = machine({ 'root/.aws/credentials': text });
    expect(on.find()).toEqual(NOTHING);
  });

  test('that the agent itself writes is none, also behind a link', () => {
    using on = machine({ 'run/credentials': `[default]\n${KEYS}`, 'root/.aws/other': '' });
    symlinkSync(on.path('run/credentials'), on.path('root/.aws/credentials'));
    expect(on.find().profiles).toHaveLength(1);
    expect(on.find({ ownFiles: new Set([on.path('run/credentials')]) })).toEqual(NOTHING);
  });

  test('in what is no plain file is not waited for', () => {
    using on = machine({});
    mkdirSync(on.path('root/.aws/credentials'), { recursive: true });
    expect(on.find()).toEqual(NOTHING);
  });
});

describe('Processes', () => {
  test('with the same variables are one finding, names only', () => {
    using on = machine({}, [
      { pid: 12, variables: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'] },
      { pid: 11, variables: ['AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID'] },
      { pid: 200, uid: 34, variables: ['AWS_WEB_IDENTITY_TOKEN_FILE'] },
    ]);
    expect(on.find().processes).toEqual([
      {
        user: 'root',
        program: '/usr/bin/aws',
        variables: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
        expiring: false,
        pids: [11, 12],
        count: 2,
      },
      { user: '34', variables: ['AWS_WEB_IDENTITY_TOKEN_FILE'], expiring: false, pids: [200], count: 1 },
    ]);
  });

  test('with a set that came with its expiration are told apart', () => {
    using on = machine({}, [{ variables: ['AWS_ACCESS_KEY_ID', 'AWS_CREDENTIAL_EXPIRATION'] }]);
    expect(on.find().processes).toMatchObject([{ expiring: true }]);
  });

  test('that use rolekeeper are none, nor is this one', () => {
    using on = machine({}, [
      { variables: ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_PROFILE', 'AWS_REGION'] },
      { pid: 1, variables: ['AWS_ACCESS_KEY_ID'] },
    ]);
    expect(on.find()).toEqual(NOTHING);
  });

  test('are listed up to eight, and counted beyond', () => {
    const many = Array.from({ length: 20 }, (_, index) => ({
      pid: 50 - index,
      variables: ['AWS_SESSION_TOKEN'],
    }));
    using on = machine({}, many);
    expect(on.find().processes).toMatchObject([{ pids: [31, 32, 33, 34, 35, 36, 37, 38], count: 20 }]);
  });
});

describe('What this user may not look into', () => {
  test('is counted, not passed over', () => {
    using on = machine({}, [{ pid: 7 }, { pid: 8 }, { pid: 9, variables: [] }]);
    expect(on.find().unreadable.processes).toBe(2);
  });

  test.skipIf(process.geteuid?.() !== 0)('names the users whose files these are', () => {
    using on = machine({ 'root/.aws/credentials': `[default]\n${KEYS}` });
    chmodSync(on.path('root'), 0o700);
    const euid = process.geteuid?.() ?? 0;
    process.seteuid?.(65_534);
    try {
      expect(on.find()).toMatchObject({ profiles: [], unreadable: { users: ['root'] } });
    } finally {
      process.seteuid?.(euid);
    }
  });
});
