import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { takeServiceManager } from '../../src/platform/service-manager.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { notifySocket } from '../support/notify-socket.ts';

const PID = 4242;

describe('A service manager', () => {
  test('is told by the path that it names', () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 'notify');
    using socket = notifySocket(path);
    const manager = takeServiceManager({ NOTIFY_SOCKET: path }, PID);
    expect(manager?.tell({ READY: '1', STATUS: 'Serving role web' })).toBe(true);
    expect(manager?.tell({ WATCHDOG: '1' })).toBe(true);
    expect(socket.messages()).toEqual([['READY=1', 'STATUS=Serving role web'], ['WATCHDOG=1']]);
  });

  test('is told by an abstract name', () => {
    const name = `rolekeeper-test-${process.pid}`;
    using socket = notifySocket(`\0${name}`);
    expect(takeServiceManager({ NOTIFY_SOCKET: `@${name}` }, PID)?.tell({ READY: '1' })).toBe(true);
    expect(socket.messages()).toEqual([['READY=1']]);
  });

  test('hears with the next message what it could not be told: of each thing the last', () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 'notify');
    const manager = takeServiceManager({ NOTIFY_SOCKET: path }, PID);
    expect(manager?.tell({ READY: '1', STATUS: 'first' })).toBe(false);
    expect(manager?.tell({ STATUS: 'second' })).toBe(false);
    using socket = notifySocket(path);
    expect(manager?.tell({ WATCHDOG: '1' })).toBe(true);
    expect(manager?.tell({ WATCHDOG: '1' })).toBe(true);
    expect(socket.messages()).toEqual([['READY=1', 'STATUS=second', 'WATCHDOG=1'], ['WATCHDOG=1']]);
  });

  test('cannot be told a second thing by a line break in the first', () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 'notify');
    using socket = notifySocket(path);
    takeServiceManager({ NOTIFY_SOCKET: path }, PID)?.tell({ STATUS: 'a\nSTOPPING=1' });
    expect(socket.messages()).toEqual([['STATUS=a STOPPING=1']]);
  });

  test('that is not there is told nothing', () => {
    expect(takeServiceManager({}, PID)).toBeUndefined();
    expect(takeServiceManager({ NOTIFY_SOCKET: '' }, PID)).toBeUndefined();
  });

  test.each(['notify', 'vsock:2:1', '/', '@', `/${'x'.repeat(107)}`])('cannot be %s', (NOTIFY_SOCKET) => {
    expect(() => takeServiceManager({ NOTIFY_SOCKET }, PID)).toThrow(
      /^The service manager waits to be told when the agent is ready, and cannot be: NOTIFY_SOCKET must be/,
    );
  });

  test('that cannot be told is an error before its patience is tried', () => {
    expect(() => takeServiceManager({ NOTIFY_SOCKET: '/n' }, PID, () => undefined)).toThrow('no node:ffi');
  });

  test.each([
    ['30000000', undefined, 30_000],
    ['30000000', '4242', 30_000],
    ['30000000', '4243', undefined],
    ['0', undefined, undefined],
    ['soon', undefined, undefined],
    [undefined, undefined, undefined],
  ])('that watches every %s µs over process %s', (WATCHDOG_USEC, WATCHDOG_PID, ms) => {
    const env = { NOTIFY_SOCKET: '/nobody', WATCHDOG_USEC, WATCHDOG_PID };
    expect(takeServiceManager(env, PID)?.watchdogMs).toBe(ms);
  });

  test('leaves no variable to children', () => {
    const env = { NOTIFY_SOCKET: '', WATCHDOG_USEC: '1', WATCHDOG_PID: '2', OTHER: 'stays' };
    takeServiceManager(env, PID);
    expect(env).toEqual({ OTHER: 'stays' });
  });
});
