import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Held } from '../../src/domain/life-state.ts';
import type { Files } from '../../src/domain/ports.ts';
import { type CredentialStore, createCredentialStore } from '../../src/lifecycle/credential-store.ts';
import { findWarmState, keepWarm, takeUpWarmState } from '../../src/lifecycle/warm-restart.ts';
import { type BootTime, readWarmState, writeWarmState } from '../../src/lifecycle/warm-state.ts';
import type { Boot } from '../../src/platform/clock.ts';
import { systemFiles } from '../../src/platform/files.ts';
import { mayMount, mountOnly, onTinyFileSystem } from '../platform/tiny-file-system.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { isRoot, NOBODY } from '../support/machine.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';
import { memoryLog } from '../support/memory-log.ts';

const UID = process.getuid?.() ?? -1;
const setA = roleCredentials(1, '2026-11-23T10:00:00Z');
const setB = roleCredentials(2, '2026-11-23T12:00:00Z');
const heldA = { ...setA, generation: 7, advertisedExpiration: setA.credentials.expiration };
const rootOnly = isRoot ? '' : ' (skipped: only root may give files away)';

/** The machine was booted as the tests' clock began; that clock is never suspended here. */
const boot: Boot = {
  id: '0f0e0d0c-0b0a-4908-8706-050403020100',
  uptimeSeconds: () => Math.floor(clock.monotonic() / 10) / 100,
};
const FOR_EVER: BootTime = { seconds: 1e9, bootId: boot.id };

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
let log: ReturnType<typeof memoryLog>;
let clock: ManualClock;
let store: CredentialStore;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'state.json');
  log = memoryLog();
  clock = manualClock('2026-11-23T08:00:00Z');
  store = storeAt(clock);
});
afterEach(() => directory[Symbol.dispose]());

function storeAt(at: ManualClock, firstGeneration = 0): CredentialStore {
  return createCredentialStore({
    clock: at,
    random: () => 0.5,
    stability: 'imds',
    firstGeneration,
    onListenerError: (error) => {
      throw error;
    },
  });
}

/** Takes up a set as if it had been stored. */
function takeUp(held: Held, { role = '', serveUntil = FOR_EVER } = {}): void {
  takeUpWarmState(store, { held, generation: held.generation, serveUntil }, role, { clock, boot });
}

/** What a restart at this moment does. */
function takeUpStored(): void {
  store = storeAt(clock);
  takeUpWarmState(store, findWarmState({ path, log }, UID), '', { clock, boot });
}

const within = (name: string) => join(directory.path, name);
const names = () => readdirSync(directory.path);
const servedKey = () => store.reader.read().held?.credentials.accessKeyId.slice(-4);

describe('The next run', () => {
  test('serves what the last one held, in its generation, before the first check', () => {
    store.subscribe(keepWarm({ path, log }, boot));
    store.apply(success(setA));
    const next = storeAt(clock);
    const found = findWarmState({ path, log }, UID);
    takeUpWarmState(next, found, '', { clock, boot });
    expect(next.reader.read().held).toEqual({ ...heldA, generation: 1 });
    expect(found.generation).toBe(1);
    expect(log.lines).toEqual([]);
  });

  test('serves nothing where the role had been detached, and knows the generation', () => {
    store.subscribe(keepWarm({ path, log }, boot));
    store.apply(success(setA));
    for (let check = 0; check < 3; check++) store.apply(failure('no-role'));
    const found = findWarmState({ path, log }, UID);
    expect(found).toMatchObject({ held: undefined, generation: 2 });
    expect(readFileSync(path, 'utf8')).not.toContain('EXAMPLE');
  });

  test('finds nothing, and says nothing, where there was no run before', () => {
    const found = findWarmState({ path, log }, UID);
    expect(found).toMatchObject({ held: undefined, generation: 0 });
    takeUpWarmState(store, found, '', { clock, boot });
    expect(store.reader.read().refusal?.code).toBe('credentials-pending');
    expect(log.lines).toEqual([]);
  });

  test.each([
    [1, '0001'],
    [0, undefined],
    [-1, undefined],
    [-86_400_000, undefined],
  ])('with %i ms of the set left takes up %s', async (left, key) => {
    await clock.advance(2 * 3600_000 - left);
    takeUp(heldA);
    expect(servedKey()).toBe(key);
    expect(store.state().held !== undefined).toBe(key !== undefined);
  });

  test('takes up no set that expired while the wall clock was stepped back', async () => {
    store.subscribe(keepWarm({ path, log }, boot));
    store.apply(success(setA));
    await clock.advance(2 * 3600_000);
    clock.stepWall(-3600_000);
    takeUpStored();
    expect(servedKey()).toBeUndefined();
  });

  test('takes up no set for longer than IMDS confirmed it last, when the clock was right', async () => {
    store.subscribe(keepWarm({ path, log }, boot));
    clock.stepWall(-3600_000);
    store.apply(success(setA));
    clock.stepWall(3600_000);
    store.apply(success(setA));
    clock.stepWall(-3600_000);
    await clock.advance(2 * 3600_000 - 20);
    takeUpStored();
    expect(servedKey()).toBe('0001');
    await clock.advance(20);
    expect(servedKey()).toBeUndefined();
    takeUpStored();
    expect(servedKey()).toBeUndefined();
  });

  test('serves a set that it took up no longer than it could have been served by then', async () => {
    store.subscribe(keepWarm({ path, log }, boot));
    store.apply(success(setA));
    await clock.advance(3600_000);
    clock.stepWall(-3600_000);
    takeUpStored();
    await clock.advance(3600_000 - 20);
    expect(servedKey()).toBe('0001');
    await clock.advance(20);
    expect(servedKey()).toBeUndefined();
  });

  test('after a reboot starts cold: nobody knows how long the machine was off', () => {
    takeUp(heldA, { serveUntil: { ...FOR_EVER, bootId: 'another' } });
    expect(servedKey()).toBeUndefined();
  });

  test('goes by what consumers were told where the set had been extended', async () => {
    await clock.advance(2 * 3600_000);
    const extended = { ...heldA, advertisedExpiration: clock.now() + 60_000 };
    takeUp(extended);
    expect(servedKey()).toBe('0001');
  });

  test.each([
    ['', '0001'],
    ['web', '0001'],
    ['Web', undefined],
    ['other', undefined],
  ])('that is for the role %j only takes up %s', (role, key) => {
    takeUp(heldA, { role });
    expect(servedKey()).toBe(key);
  });
});

describe('What is not exactly as this program writes it is ignored and told in one line', () => {
  test.each([
    ['a symlink to a good state', () => symlinkSync(good('good.json'), path), 'ELOOP'],
    ['a symlink to nothing', () => symlinkSync('nothing', path), 'ELOOP'],
    ['a directory', () => mkdirSync(path, { mode: 0o600 }), 'it is not a regular file'],
    [
      'a pipe that nobody writes to',
      () => execFileSync('mkfifo', ['-m', '600', path]),
      'it is not a regular file',
    ],
    ['a device that never ends', () => symlinkSync('/dev/zero', path), 'ELOOP'],
    ['a file with two names', () => linkSync(good(), within('other')), 'it has 2 links, expected 1'],
    ['a file that others may read', () => chmodSync(good(), 0o644), 'its mode is 0644, expected 0600'],
    ['a file that its group may write', () => chmodSync(good(), 0o620), 'its mode is 0620, expected 0600'],
    ['a file that may be run', () => chmodSync(good(), 0o700), 'its mode is 0700, expected 0600'],
    ['a file of 1 MiB', () => put(`${' '.repeat(1 << 20)}${readFileSync(good('a'))}`), 'it has '],
    ['a state of the future', () => change({ version: 3 }), 'its content is not a version 2 state'],
    ['a state cut short', () => put(readFileSync(good('a'), 'utf8').slice(0, -3)), 'its content is not a'],
    ['no JSON', () => put('EXAMPLESecretAccessKey0001'), 'its content is not a version 2 state'],
    ['a state with a prototype', () => put('{"__proto__":{"version":2}}'), 'its content is not a'],
  ])('%s', (_, prepare, because) => {
    prepare();
    expectIgnored(because);
  });

  test.skipIf(!isRoot)(`a file of another user${rootOnly}`, () => {
    chownSync(good(), NOBODY, NOBODY);
    expectIgnored(`it belongs to uid ${NOBODY}, expected ${UID}`);
  });

  test('a socket', async () => {
    const server = net.createServer().listen(path);
    onTestFinished(() => {
      server.close();
    });
    await once(server, 'listening');
    expectIgnored('ENXIO');
  });

  test('and the next state that is stored is good again, whatever had stood there', () => {
    symlinkSync(good('good.json'), path);
    store.subscribe(keepWarm({ path, log }, boot));
    store.apply(success(setB));
    expect(readWarmState(path, UID).held?.credentials.accessKeyId).toBe('ASIAQ3EXAMPLEKEY0002');
    expect(readWarmState(within('good.json'), UID).held?.credentials.accessKeyId).toBe(
      'ASIAQ3EXAMPLEKEY0001',
    );
  });

  /** A state that would be taken up. Returns where it is. */
  function good(name = 'state.json'): string {
    writeWarmState(within(name), 7, heldA, FOR_EVER);
    return within(name);
  }

  function put(content: string): void {
    writeFileSync(path, content, { mode: 0o600 });
  }

  function change(part: object): void {
    put(JSON.stringify({ ...JSON.parse(readFileSync(good(), 'utf8')), ...part }));
  }

  function expectIgnored(because: string): void {
    const found = findWarmState({ path, log }, UID);
    takeUpWarmState(store, found, '', { clock, boot });
    expect(store.reader.read().refusal?.code).toBe('credentials-pending');
    expect(log.lines).toEqual([
      {
        level: 'warn',
        message: expect.stringMatching(/^Ignoring the stored state: starting cold\. /),
        fields: { file: path, because: expect.stringContaining(because) },
      },
    ]);
    expect(JSON.stringify(log.lines)).not.toContain('EXAMPLE');
  }
});

describe('While it runs', () => {
  test('every change of what is held is stored, and nothing else is written', () => {
    store.subscribe(keepWarm({ path, log }, boot));
    store.apply(success(setA));
    renameSync(path, within('first'));
    for (let check = 0; check < 10; check++) store.apply(success(setA));
    store.apply(failure('throttled'));
    expect(names()).toEqual(['first']);
    store.apply(success(setB));
    expect(readWarmState(path, UID)).toMatchObject({
      held: store.reader.read().held,
      generation: 2,
    });
  });

  test('a clock that was set right again leaves no deadline by the wrong one in the stored state', async () => {
    store.subscribe(keepWarm({ path, log }, boot));
    clock.stepWall(90 * 60_000);
    store.apply(success(setA));
    clock.stepWall(-90 * 60_000);
    store.apply(success(setA));
    await clock.advance(60 * 60_000);
    takeUpStored();
    expect(servedKey()).toBe('0001');
  });

  test('that a set may be served no more is stored once', async () => {
    store.subscribe(keepWarm({ path, log }, boot));
    store.apply(success(setA));
    await clock.advance(2 * 3600_000);
    store.apply(failure('throttled'));
    renameSync(path, within('first'));
    await clock.advance(60_000);
    store.apply(failure('throttled'));
    expect(names()).toEqual(['first']);
  });

  test('what a killed writer left is swept: it can hold a set', () => {
    writeFileSync(within('.state.json.tmp-0123456789ab'), 'half of a set');
    keepWarm({ path, log }, boot);
    expect(names()).toEqual([]);
  });

  test('a full directory is told once, until a state could be stored again', () => {
    const { disk, files } = fullable();
    store.subscribe(keepWarm({ path, log, files }, boot));
    store.apply(success(setA));
    disk.isFull = true;
    for (let serial = 2; serial < 2_000; serial++)
      store.apply(success(roleCredentials(serial, '2026-11-23T12:00:00Z')));
    expect(log.lines).toEqual([
      {
        level: 'warn',
        message: 'Cannot store the state: a restart would start cold. Free the runtime directory',
        fields: { because: 'ENOSPC: no space left on device, write' },
      },
    ]);
    disk.isFull = false;
    store.apply(success(setA));
    store.apply(success(setB));
    expect(log.lines.slice(1)).toEqual([
      { level: 'info', message: 'The state can be stored again', fields: { file: path } },
    ]);
    expect(readWarmState(path, UID).held?.credentials.accessKeyId).toBe('ASIAQ3EXAMPLEKEY0002');
  });

  test('what could not be stored is tried again at the next check, although nothing changed since', () => {
    const { disk, files } = fullable();
    store.subscribe(keepWarm({ path, log, files }, boot));
    disk.isFull = true;
    store.apply(success(setA));
    disk.isFull = false;
    store.apply(success(setA));
    expect(readWarmState(path, UID).held?.credentials.accessKeyId).toBe('ASIAQ3EXAMPLEKEY0001');
  });

  test('what was stored before a disk was full is stored again when there is room, deadline and all', () => {
    const { disk, files } = fullable();
    store.subscribe(keepWarm({ path, log, files }, boot));
    store.apply(success(setA));
    disk.isFull = true;
    clock.stepWall(3600_000);
    store.apply(failure('throttled'));
    expect(names()).toEqual([]);
    disk.isFull = false;
    clock.stepWall(-3600_000);
    store.apply(success(setA));
    expect(readWarmState(path, UID).held?.credentials.accessKeyId).toBe('ASIAQ3EXAMPLEKEY0001');
  });

  test('a withdrawn or replaced set does not stay in a full directory: a restart would bring it back', () => {
    const { disk, files } = fullable();
    store.subscribe(keepWarm({ path, log, files }, boot));
    store.apply(success(setA));
    disk.isFull = true;
    for (let check = 0; check < 3; check++) store.apply(failure('no-role'));
    expect(names()).toEqual([]);
  });

  test.skipIf(!mayMount)(`it is so on a file system that is really full${mountOnly}`, async () => {
    const code = `
      import fs from 'node:fs';
      import { keepWarm } from 'src/lifecycle/warm-restart.ts';
      import { readWarmState } from 'src/lifecycle/warm-state.ts';
      import { Secret } from 'src/domain/secret.ts';
      const [, directory] = process.argv;
      const path = directory + '/state.json';
      const log = { warn: (message, { because }) => console.log(because), info: (message) => console.log(message) };
      const show = keepWarm({ path, log }, { id: 'boot', uptimeSeconds: () => 1 });
      const change = (generation, length) => ({ servedForMs: 60_000, after: { generation, held: {
        roleName: 'web', accountId: undefined, generation, advertisedExpiration: 0,
        credentials: { accessKeyId: 'x', secretAccessKey: new Secret('x'), sessionToken: new Secret('x'.repeat(length)), expiration: 0 },
      } } });
      show(change(1, 100));
      show(change(2, 200_000));
      console.log(fs.readdirSync(directory).length);
      show(change(3, 100));
      console.log(fs.readdirSync(directory).join(), readWarmState(path, 0).generation);`;
    const { stdout, stderr } = await onTinyFileSystem(directory.path, code);
    expect({ stdout, stderr }).toEqual({
      stdout: 'ENOSPC: no space left on device, write\n0\nThe state can be stored again\nstate.json 3\n',
      stderr: '',
    });
  });

  function fullable() {
    const disk = { isFull: false };
    const files: Files = {
      ...systemFiles,
      replace(...args) {
        if (disk.isFull) throw new Error('ENOSPC: no space left on device, write');
        systemFiles.replace(...args);
      },
    };
    return { disk, files };
  }
});
