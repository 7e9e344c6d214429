import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createConnectionShare } from '../../src/access/connection-share.ts';

/** A connection of that user, as far as it matters here. */
class Connection extends EventEmitter {
  readonly uid: number | undefined;
  destroyed = false;

  constructor(uid: number | undefined) {
    super();
    this.uid = uid;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function connections(mostOfOneUser = 3) {
  const share = createConnectionShare(mostOfOneUser, (socket) => (socket as unknown as Connection).uid);
  return (uid: number | undefined) => {
    const connection = new Connection(uid);
    share(connection as unknown as Socket);
    return connection;
  };
}

test('one user gets so many connections, and another as many', () => {
  const open = connections();
  open(7); // the first one is not asked
  for (const uid of [1001, 1002, 0, undefined]) {
    const made = Array.from({ length: 10 }, () => open(uid));
    expect(made.map(({ destroyed }) => destroyed)).toEqual([...Array(3).fill(false), ...Array(7).fill(true)]);
  }
});

test('one that was closed makes room for one, and one that was cut off for none', () => {
  const open = connections();
  open(7);
  const [first] = [open(1001), open(1001), open(1001)];
  expect(open(1001).destroyed).toBe(true);
  expect(open(1001).destroyed).toBe(true);
  first.destroy();
  expect([open(1001).destroyed, open(1001).destroyed]).toEqual([false, true]);
});

test('as long as few are open nobody is asked, and those do not count', () => {
  const asked: (number | undefined)[] = [];
  const share = createConnectionShare(8, (socket) => {
    const { uid } = socket as unknown as Connection;
    asked.push(uid);
    return uid;
  });
  const made = Array.from({ length: 12 }, () => new Connection(1001));
  for (const connection of made) share(connection as unknown as Socket);
  expect(asked).toHaveLength(10);
  expect(made.filter(({ destroyed }) => destroyed)).toHaveLength(2);
  for (const connection of made) connection.destroy();
  share(new Connection(1001) as unknown as Socket);
  expect(asked).toHaveLength(10);
});
