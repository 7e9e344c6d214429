import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { unknownCaller } from '../../src/domain/caller.ts';
import type { ProcessFacts } from '../../src/platform/process-facts.ts';
import { createUnixPeers } from '../../src/platform/unix-peer.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { run, startChild } from '../support/child.ts';
import { nobodyMayRun } from '../support/machine.ts';

const asOthers = nobodyMayRun(process.execPath);
const othersOnly = asOthers ? '' : ' (skipped: this needs root, and a checkout that others may enter)';

/** One connection of a command that gets the socket's path as its last word; without one, of this process. */
async function accepted(command: readonly string[] = []) {
  const directory = temporaryDirectory();
  const path = join(directory.path, 'x.sock');
  const server = createServer().listen({ path, writableAll: true, readableAll: true });
  await once(server, 'listening');
  const client = command.length > 0 ? startChild([...command, path]) : connect(path);
  const [connection] = (await once(server, 'connection')) as [Socket];
  return {
    connection,
    client,
    async [Symbol.asyncDispose]() {
      if ('kill' in client) client.kill('SIGKILL');
      else client.destroy();
      connection.destroy();
      server.close();
      await once(server, 'close');
      directory[Symbol.dispose]();
    },
  };
}

const CONNECT = [process.execPath, '-e', 'require("node:net").connect(process.argv[1])'];

describe('a caller', () => {
  test('is this process, with its user, groups, program and unit', async () => {
    await using pair = await accepted();
    const caller = createUnixPeers().callerOf(pair.connection);
    expect(caller).toMatchObject({ uid: process.getuid?.(), pid: process.pid, exe: process.execPath });
    expect(caller.gids?.has(process.getgid?.() ?? -1)).toBe(true);
    expect(caller.unit).toBeTypeOf('string');
  });

  test.skipIf(!asOthers)(`of another user is told apart, with all its groups${othersOnly}`, async () => {
    const identity = ['/usr/bin/setpriv', '--reuid', '65534', '--regid', '65533', '--groups', '7001,7002'];
    await using pair = await accepted([...identity, ...CONNECT]);
    const caller = createUnixPeers().callerOf(pair.connection);
    expect(caller.uid).toBe(65_534);
    expect([...(caller.gids ?? [])].sort()).toEqual([65_533, 7001, 7002].sort());
  });

  test.skipIf(!asOthers)(`in more groups than usual is in all of them${othersOnly}`, async () => {
    const groups = Array.from({ length: 300 }, (_, index) => 8000 + index);
    const identity = [
      '/usr/bin/setpriv',
      '--reuid',
      '65534',
      '--regid',
      '65534',
      '--groups',
      groups.join(','),
    ];
    await using pair = await accepted([...identity, ...CONNECT]);
    expect(createUnixPeers().callerOf(pair.connection).gids?.size).toBe(301);
  });

  test('is looked up once for each connection', async () => {
    await using pair = await accepted();
    const peers = createUnixPeers();
    expect(peers.callerOf(pair.connection)).toBe(peers.callerOf(pair.connection));
  });
});

describe('what cannot be known', () => {
  test('is everything, without the foreign functions', async () => {
    await using pair = await accepted();
    expect(createUnixPeers({ libc: () => undefined }).callerOf(pair.connection)).toBe(unknownCaller);
  });

  test('is everything, where Node was started without them, and nothing else breaks', async () => {
    const script = `import('${new URL('../../src/platform/libc.ts', import.meta.url)}').then(({ systemLibc }) => console.log(systemLibc()))`;
    const { stdout, stderr } = await run([process.execPath, '--no-experimental-ffi', '-e', script]);
    expect({ stdout, stderr }).toEqual({ stdout: 'undefined\n', stderr: '' });
  });

  test('is not a warning for every log: they load in silence', async () => {
    const script = `import('${new URL('../../src/platform/libc.ts', import.meta.url)}').then(({ systemLibc }) => console.log(typeof systemLibc()))`;
    const { stdout, stderr } = await run([process.execPath, '-e', script]);
    expect({ stdout, stderr }).toEqual({ stdout: 'object\n', stderr: '' });
  });

  test('is the process of a connection that is closed already', async () => {
    await using pair = await accepted();
    pair.connection.destroy();
    expect(createUnixPeers().callerOf(pair.connection)).toBe(unknownCaller);
  });
});

describe('defect 12 of the peers: an identity that is used again', () => {
  /** Process 7 of another program each time that its start time is another one. */
  function facts(
    startTimes: readonly (string | undefined)[],
  ): ProcessFacts & { readonly reads: () => number } {
    let reads = 0;
    return {
      startTime: () => startTimes[Math.min(reads++, startTimes.length - 1)],
      exe: () => '/usr/bin/backup',
      unit: () => 'backup.service',
      reads: () => reads,
    };
  }

  test.each([
    ['the same process', ['100', '100', '100'], '/usr/bin/backup', 'backup.service'],
    ['a process that has its id now', ['100', '200', '200'], undefined, undefined],
    ['nobody', ['100', undefined, undefined], undefined, undefined],
    ['nobody, from the beginning', [undefined, '200', '200'], undefined, undefined],
  ] as const)('what /proc says of %s', async (_, startTimes, exe, unit) => {
    await using pair = await accepted();
    const caller = createUnixPeers({ facts: facts(startTimes) }).callerOf(pair.connection);
    expect([caller.exe, caller.unit]).toEqual([exe, unit]);
    expect(caller.uid, 'the kernel’s own word stays').toBe(process.getuid?.());
  });

  test('the start time is taken when the connection is accepted, and compared after the reading', async () => {
    await using pair = await accepted();
    const given = facts(['100']);
    const caller = createUnixPeers({ facts: given }).callerOf(pair.connection);
    expect(given.reads()).toBe(1);
    expect([caller.exe, caller.exe, caller.unit, caller.unit]).toHaveLength(4);
    expect(given.reads()).toBe(2);
  });

  test('a real process that has ended has no program', async () => {
    await using pair = await accepted(CONNECT);
    const caller = createUnixPeers().callerOf(pair.connection);
    if (!('ended' in pair.client)) throw new Error('Not a process');
    expect(caller.pid).toBe(pair.client.pid);
    pair.client.kill('SIGKILL');
    await pair.client.ended;
    expect([caller.exe, caller.unit]).toEqual([undefined, undefined]);
  });
});
