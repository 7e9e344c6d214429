import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLineSocket, type LineSocket } from '../../src/delivery/line-socket.ts';
import { listenOnUnixSocket } from '../../src/platform/unix-listener.ts';
import { run } from '../support/child.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { eventually } from '../support/eventually.ts';
import { openGate } from '../support/gate.ts';
import { settle } from '../support/manual-clock.ts';
import { exchange } from '../support/raw-http.ts';
import { coldStore, EXPIRATION, type ServedStore, servedStore } from '../support/surface.ts';

const LINE = {
  Version: 1,
  AccessKeyId: 'ASIAQ3EXAMPLEKEY0001',
  SecretAccessKey: 'EXAMPLESecretAccessKey0001',
  SessionToken: 'EXAMPLESessionToken0001',
  Expiration: EXPIRATION,
  AccountId: '111122223333',
};

const ENV = { PATH: process.env.PATH ?? '/usr/bin:/bin' };

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rolekeeper-test-'));
  path = join(directory, 'credentials.sock');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The line socket on `path`; network time is the store's manual clock. */
async function open({ store, clock }: ServedStore): Promise<LineSocket & AsyncDisposable> {
  const socket = createLineSocket({ reader: store.reader, gate: openGate(), networkClock: clock });
  const release = await listenOnUnixSocket(socket.server, { path, mode: 0o660 });
  return {
    ...socket,
    async [Symbol.asyncDispose]() {
      const closed = socket.close(0);
      await clock.advance(0);
      await closed;
      release();
    },
  };
}

function connections({ server }: LineSocket): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  server.getConnections((_, count) => resolve(count));
  return promise;
}

describe('every connection', () => {
  test('gets one line and is closed', async () => {
    await using _ = await open(servedStore());
    const text = await exchange({ path }, '');
    expect(text).toMatch(/^\{[^\n]*\}\n$/);
    expect(JSON.parse(text)).toEqual(LINE);
  });

  test('gets it where the client ends its half at once', async () => {
    await using _ = await open(servedStore());
    expect(JSON.parse(await exchange({ path }, '', { half: true }))).toEqual(LINE);
  });

  test('gets it whatever the client says', async () => {
    await using _ = await open(servedStore());
    for (const said of ['\n', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\u0000'.repeat(100_000)]) {
      expect(JSON.parse(await exchange({ path }, said))).toEqual(LINE);
    }
  });

  test('that comes late in a cold start waits for the set', async () => {
    const served = coldStore();
    await using _ = await open(served);
    const line = exchange({ path }, '', { half: true });
    await eventually(() => served.clock.pendingTimers() === 1);
    served.store.apply(success(roleCredentials(1, EXPIRATION)));
    expect(JSON.parse(await line)).toEqual(LINE);
  });

  test.each([
    ['1 s before the expiration gets the line', 1_000, true],
    ['at the expiration gets nothing', 0, false],
    ['1 s after the expiration gets nothing', -1_000, false],
  ])('%s', async (_, ms, isServed) => {
    const served = servedStore();
    await using socket = await open(served);
    await served.beforeExpiration(ms);
    expect((await exchange({ path }, '')) !== '').toBe(isServed);
    expect(socket.server.listening).toBe(true);
  });
});

describe('without credentials it is closed without a byte', () => {
  test('1.5 s after a cold start', async () => {
    const served = coldStore();
    await using _ = await open(served);
    const line = exchange({ path }, '');
    await eventually(() => served.clock.pendingTimers() === 1);
    await served.clock.advance(1_499);
    expect(served.clock.pendingTimers()).toBe(1);
    await served.clock.advance(1);
    expect(await line).toBe('');
  });

  test('at once where there is no role, or it was detached', async () => {
    const served = coldStore();
    await using _ = await open(served);
    served.store.apply(failure('no-role'));
    expect(await exchange({ path }, '')).toBe('');
    served.store.apply(success(roleCredentials(1, EXPIRATION)));
    for (let check = 1; check <= 3; check++) served.store.apply(failure('no-role'));
    expect(await exchange({ path }, '')).toBe('');
  });
});

describe('a client that', () => {
  test('never reads and never hangs up holds no slot', async () => {
    const served = servedStore();
    await using socket = await open(served);
    const idle = await connected();
    idle.pause();
    await eventually(() => served.clock.pendingTimers() === 1);
    await served.clock.advance(100);
    await eventually(async () => (await connections(socket)) === 0);
    expect(await exchange({ path }, '')).not.toBe('');
    idle.destroy();
  });

  test('has said a lot and reads only after it was cut finds the line and a clean end', async () => {
    const served = servedStore();
    await using socket = await open(served);
    const late = await connected();
    let text = '';
    late.pause().setEncoding('utf8');
    late.write('x'.repeat(150_000));
    await eventually(() => served.clock.pendingTimers() === 1);
    await served.clock.advance(100);
    await eventually(async () => (await connections(socket)) === 0);
    late.on('data', (chunk) => {
      text += chunk;
    });
    let failure: unknown;
    late.on('error', (error) => {
      failure = error;
    });
    late.resume();
    await new Promise((closed) => late.once('close', closed));
    expect(JSON.parse(text)).toEqual(LINE);
    expect(failure).toBeUndefined();
  });

  test('talks without end is cut', async () => {
    const served = servedStore();
    await using socket = await open(served);
    const talker = await connected();
    talker.on('error', () => {});
    const talk = () => {
      while (!talker.destroyed && talker.write('x'.repeat(16_384)));
    };
    talker.on('drain', talk);
    talk();
    await eventually(() => served.clock.pendingTimers() === 1);
    await served.clock.advance(100);
    await eventually(async () => (await connections(socket)) === 0);
    talker.destroy();
  });

  test('goes away while it waits leaves nothing behind', async () => {
    const served = coldStore();
    await using socket = await open(served);
    const client = await connected();
    await eventually(() => served.clock.pendingTimers() === 1);
    client.destroy();
    await settle();
    await served.clock.advance(1_500);
    await eventually(async () => (await connections(socket)) === 0);
    expect(served.clock.pendingTimers()).toBe(0);
  });
});

test('closing cuts whoever still waits, and leaves no timer', async () => {
  const served = coldStore();
  const socket = await open(served);
  const line = exchange({ path }, '');
  await eventually(() => served.clock.pendingTimers() === 1);
  const closed = socket.close(50);
  await served.clock.advance(50);
  await closed;
  expect(await line).toBe('');
  await served.clock.advance(1_500);
  expect(served.clock.pendingTimers()).toBe(0);
});

describe('programs that can read a socket', async () => {
  const has = async (program: string) =>
    (await run(['sh', '-c', `command -v ${program}`], { env: ENV })).code === 0;
  const [hasNc, hasSocat, hasPerl] = await Promise.all(['nc.openbsd', 'socat', 'perl'].map(has));
  const perl =
    'use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die; print scalar <$s>;';
  const programs: [string, boolean | undefined, (path: string) => string[]][] = [
    ['nc -U with an input that never ends', hasNc, (path) => ['nc.openbsd', '-U', path]],
    ['nc -U', hasNc, (path) => ['sh', '-c', `nc.openbsd -U ${path} </dev/null`]],
    ['nc -N -U', hasNc, (path) => ['sh', '-c', `nc.openbsd -N -U ${path} </dev/null`]],
    ['socat -u', hasSocat, (path) => ['socat', '-u', `UNIX-CONNECT:${path}`, '-']],
    ['socat', hasSocat, (path) => ['socat', `UNIX-CONNECT:${path}`, '-']],
    ['perl', hasPerl, (path) => ['perl', '-e', perl, path]],
  ];

  for (const [name, isThere, command] of programs) {
    test.runIf(isThere)(`${name} prints the line and ends`, async () => {
      const served = servedStore();
      await using _ = await open(served);
      const ended = run(command(path), { env: ENV, stdin: 'open' });
      // The client that does not hang up by itself is cut in network time, which stands still here.
      const pump = eventually(async () => {
        await served.clock.advance(100);
        return (await Promise.race([ended, 'still running'])) !== 'still running';
      });
      const { code, stdout } = await ended;
      await pump;
      expect(JSON.parse(stdout)).toEqual(LINE);
      expect(code).toBe(0);
    });
  }
});

async function connected(): Promise<Socket> {
  const client = connect(path);
  await once(client, 'connect');
  return client;
}
