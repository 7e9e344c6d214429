import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeInheritedSockets } from '../../src/platform/inherited-sockets.ts';
import { repository } from '../support/child.ts';
import { exchange } from '../support/raw-http.ts';
import { type SocketToPass, serviceManager } from '../support/service-manager.ts';

const INHERITOR = [process.execPath, `${repository}test/support/inheritor.ts`];
const PID = 4242;

describe('the variables', () => {
  test.each<[string, NodeJS.ProcessEnv]>([
    ['are not there', {}],
    ['are for another process', { LISTEN_PID: '1', LISTEN_FDS: '1', LISTEN_FDNAMES: 'agent' }],
    ['name a process that is none', { LISTEN_PID: '4242x', LISTEN_FDS: '1', LISTEN_FDNAMES: 'agent' }],
  ])('where they %s, there is nothing to take over', (_, env) => {
    expect(takeInheritedSockets(env, PID).size).toBe(0);
  });

  test('are gone afterwards, whoever they were for, so that no child takes them for its own', () => {
    for (const LISTEN_PID of ['1', String(PID)]) {
      const env = { LISTEN_PID, LISTEN_FDS: 'x', LISTEN_FDNAMES: 'a', LISTEN_PIDFDID: '9', OTHER: 'stays' };
      try {
        takeInheritedSockets(env, PID);
      } catch {}
      expect(env).toEqual({ OTHER: 'stays' });
    }
  });

  test.each<[string, string | undefined, string | undefined, string]>([
    ['no count', undefined, 'agent', 'LISTEN_FDS must be a whole number from 1, and is ""'],
    ['none', '0', '', 'LISTEN_FDS must be a whole number from 1, and is "0"'],
    ['a count that is none', '1x', 'agent', 'and is "1x"'],
    ['no names', '2', undefined, 'LISTEN_FDS=2 sockets need as many names, and LISTEN_FDNAMES has 0'],
    ['too few names', '2', 'agent', 'and LISTEN_FDNAMES has 1'],
    ['one name twice', '2', 'agent:agent', 'two of them are called "agent"'],
    [
      'a descriptor that is not open',
      '999',
      Array.from({ length: 999 }, (_, i) => `s${i}`).join(':'),
      'is no',
    ],
  ])('%s is an error', (_, LISTEN_FDS, LISTEN_FDNAMES, message) => {
    const env = { LISTEN_PID: String(PID), LISTEN_FDS, LISTEN_FDNAMES };
    expect(() => takeInheritedSockets(env, PID)).toThrow(message);
    expect(() =>
      takeInheritedSockets({ ...env, LISTEN_PID: String(PID), LISTEN_FDS, LISTEN_FDNAMES }, PID),
    ).toThrow(/^Cannot take over the sockets that the service manager passed: /);
  });
});

describe('sockets that a parent bound', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rolekeeper-test-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('are listened on by name, whatever their order, and the file of a Unix socket stays', async () => {
    const path = join(directory, 'agent.sock');
    const sockets: SocketToPass[] = [
      { name: 'container', host: '127.0.0.1' },
      { name: 'agent', path },
      { name: 'imds', host: '::1' },
    ];
    const command = [...INHERITOR, 'agent=unix', 'container=tcp', 'imds=tcp', 'line=unix'];
    await using manager = await serviceManager({ sockets, command });
    const { ino } = statSync(path);
    const [container, imds] = ['container', 'imds'].map((name) => manager.ports.get(name) ?? 0);
    expect(JSON.parse(await manager.start())).toEqual({
      names: ['container', 'agent', 'imds'],
      outcomes: {
        agent: 'function',
        container: { host: '127.0.0.1', port: container },
        imds: { host: '::1', port: imds },
        line: 'not passed',
      },
      left: [],
      inChild: 0,
    });
    expect(await exchange({ path }, '')).toBe('served');
    expect(await exchange({ host: '127.0.0.1', port: container ?? 0 }, '')).toBe('served');
    expect(await exchange({ host: '::1', port: imds ?? 0 }, '')).toBe('served');
    expect(await manager.stop()).toBe(0);
    expect(statSync(path).ino).toBe(ino);
  });

  test('beyond loopback, or of the other kind, are refused and let go', async () => {
    const sockets: SocketToPass[] = [
      { name: 'everywhere', host: '0.0.0.0' },
      { name: 'everywhere6', host: '::' },
      { name: 'unix', path: join(directory, 'agent.sock') },
      { name: 'tcp', host: '127.0.0.1' },
    ];
    const command = [...INHERITOR, 'everywhere=tcp', 'everywhere6=tcp', 'unix=tcp', 'tcp=unix'];
    await using manager = await serviceManager({ sockets, command });
    const { outcomes } = JSON.parse(await manager.start()) as {
      outcomes: Record<string, { error: string; listening: boolean }>;
    };
    expect(Object.values(outcomes).map(({ listening }) => listening)).toEqual([false, false, false, false]);
    expect(outcomes.everywhere?.error).toMatch(/^Refused to listen on 0\.0\.0\.0: /);
    expect(outcomes.everywhere6?.error).toMatch(/^Refused to listen on ::: /);
    expect(outcomes.unix?.error).toContain('it is a Unix socket where a TCP socket is expected');
    expect(outcomes.tcp?.error).toContain('where a Unix socket is expected');
    await manager.stop();
  });
});
