import { lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Held } from '../../src/domain/life-state.ts';
import { readWarmState, writeWarmState } from '../../src/lifecycle/warm-state.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { roleCredentials } from '../support/credentials.ts';

const UID = process.getuid?.() ?? -1;
const SET: Held = {
  ...roleCredentials(1, '2026-11-23T10:00:00Z'),
  generation: 7,
  advertisedExpiration: Date.parse('2026-11-23T10:07:30Z'),
};
const UNTIL = { seconds: 7_200.5, bootId: '0f0e0d0c-0b0a-4908-8706-050403020100' };
const NOT_OURS = { problem: 'its content is not a version 2 state' };

/** The shortest state: no set. */
const MINIMAL = `{"version":2,"generation":9,"serveUntil":${JSON.stringify(UNTIL)}}`;

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'state.json');
});
afterEach(() => directory[Symbol.dispose]());

/** What a written state would say, as a value to change. */
const written = () => {
  writeWarmState(path, 9, SET, UNTIL);
  return JSON.parse(readFileSync(path, 'utf8'));
};
const reread = (content: unknown) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(path, text, { mode: 0o600 });
  return readWarmState(path, UID);
};

describe('What is written', () => {
  test('comes back as it was, secrets included', () => {
    writeWarmState(path, 9, SET, UNTIL);
    const { held, ...rest } = readWarmState(path, UID);
    expect(rest).toEqual({ generation: 9, serveUntil: UNTIL });
    expect(held).toEqual(SET);
    expect(held?.credentials.secretAccessKey.reveal()).toBe('EXAMPLESecretAccessKey0001');
    expect(held?.credentials.sessionToken.reveal()).toBe('EXAMPLESessionToken0001');
  });

  test('may be a set without an account, or nothing but the generation', () => {
    const withoutAccount = { ...SET, accountId: undefined };
    writeWarmState(path, 9, withoutAccount, UNTIL);
    expect(readWarmState(path, UID)).toEqual({
      held: withoutAccount,
      generation: 9,
      serveUntil: UNTIL,
    });
    writeWarmState(path, 10, undefined, UNTIL);
    expect(readWarmState(path, UID)).toEqual({ held: undefined, generation: 10 });
    expect(readFileSync(path, 'utf8')).toBe(
      `{"version":2,"generation":10,"serveUntil":${JSON.stringify(UNTIL)}}\n`,
    );
  });

  // A thread cannot set the umask: mutants are tried in threads, and this runs in a process of its own.
  test.skipIf(!isMainThread).each([0o000, 0o777])('is for its owner only, under umask %i', (umask) => {
    const before = process.umask(umask);
    onTestFinished(() => {
      process.umask(before);
    });
    writeWarmState(path, 9, SET, UNTIL);
    expect(lstatSync(path).mode & 0o7777).toBe(0o600);
  });

  test('replaces what stood there, and never what a symlink there leads to', () => {
    const target = join(directory.path, 'target');
    writeFileSync(target, 'precious');
    symlinkSync(target, path);
    writeWarmState(path, 9, SET, UNTIL);
    expect(lstatSync(path).isFile()).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe('precious');
  });

  test('is read in its shortest form too', () => {
    expect(reread(MINIMAL)).toEqual({ held: undefined, generation: 9 });
  });

  test('is read of a run that never held a set', () => {
    writeWarmState(path, 0, undefined, UNTIL);
    expect(readWarmState(path, UID)).toEqual({ held: undefined, generation: 0 });
  });

  test('is read although other programs put more into it', () => {
    const state = written();
    expect(reread({ ...state, later: 1, held: { ...state.held, later: 1 } })).toEqual({
      held: SET,
      generation: 9,
      serveUntil: UNTIL,
    });
  });
});

test('no file is no problem: there was no earlier run', () => {
  expect(readWarmState(path, UID)).toEqual({ held: undefined, generation: 0 });
});

// What stands at the path, instead of what is in it: test/lifecycle/warm-restart.test.ts.
describe('A content that this program does not write is ignored whole', () => {
  test.each([
    '',
    '\n',
    'null',
    'true',
    '1',
    '"text"',
    '[]',
    '{}',
    '{"version":2}',
    '{"version":2,"generation":9}',
    '{"generation":9}',
    `[${MINIMAL}]`,
    `${MINIMAL}${MINIMAL}`,
    `{"__proto__":${MINIMAL}}`,
    MINIMAL.replace('"generation":9', '"__proto__":{"generation":9}'),
    '\u0000'.repeat(4096),
  ])('such as %j', (text) => {
    expect(reread(text)).toEqual(NOT_OURS);
  });

  test('such as the first part of a state, of whatever length', () => {
    const text = JSON.stringify(written());
    for (let length = 0; length < text.length; length++) {
      expect(reread(text.slice(0, length))).toEqual(NOT_OURS);
    }
  });

  test.each([0, 1, 3, 2.5, '2', true, null, [2], undefined])('such as one of version %j', (version) => {
    expect(reread({ ...written(), version })).toEqual(NOT_OURS);
  });

  test.each([-1, 1.5, 2 ** 53, '9', null, [9], undefined])('such as one of generation %j', (generation) => {
    const state = written();
    expect(reread({ ...state, generation })).toEqual(NOT_OURS);
    expect(reread({ ...state, held: { ...state.held, generation } })).toEqual(NOT_OURS);
  });

  test.each([null, 'text', 1, [], {}, { seconds: 1 }, { bootId: 'x' }, { seconds: '1', bootId: 'x' }])(
    'such as one that may be served until %j',
    (serveUntil) => {
      expect(reread({ ...written(), serveUntil })).toEqual(NOT_OURS);
    },
  );

  test.each([null, 'text', 1, true, [], {}])('such as one that holds %j', (held) => {
    expect(reread({ ...written(), held })).toEqual(NOT_OURS);
  });

  const fields = ['roleName', 'accessKeyId', 'secretAccessKey', 'sessionToken', 'expiration'];
  test.each([...fields, 'advertisedExpiration'])('such as one with another type of %s, or none', (name) => {
    const state = written();
    const value: unknown = state.held[name];
    for (const wrong of [undefined, null, '', 1, true, false, [], {}, [value], { 0: value }]) {
      expect(reread({ ...state, held: { ...state.held, [name]: wrong } })).toEqual(NOT_OURS);
    }
  });

  test.each([null, '', 1, true, ['111122223333'], {}])('such as one with the account %j', (accountId) => {
    const state = written();
    expect(reread({ ...state, held: { ...state.held, accountId } })).toEqual(NOT_OURS);
  });

  test.each([
    '2026-11-23T10:00:00.000Z',
    '2026-11-23T10:00:00+00:00',
    '2026-02-30T10:00:00Z',
    'tomorrow',
    '1763892000000',
  ])('such as one that expires at %s', (instant) => {
    const state = written();
    expect(reread({ ...state, held: { ...state.held, expiration: instant } })).toEqual(NOT_OURS);
    expect(reread({ ...state, held: { ...state.held, advertisedExpiration: instant } })).toEqual(NOT_OURS);
  });

  test('such as one whose set is its prototype', () => {
    const state = written();
    const text = JSON.stringify(state).replace('"roleName":"web"', '"__proto__":{"roleName":"web"}');
    expect(reread(text)).toEqual(NOT_OURS);
    expect(Object.getPrototypeOf({})).not.toHaveProperty('roleName');
  });
});
