import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { tcpCallers } from '../../src/access/tcp-callers.ts';
import { unknownCaller } from '../../src/domain/caller.ts';

const connection = () => ({}) as Socket;

test('a caller is its user, with the groups of that user; nothing else is known of it', async () => {
  let lookups = 0;
  const groupsOf = (uid: number) => {
    lookups += 1;
    return uid === 34 ? new Set([34, 50]) : undefined;
  };
  const callerOf = tcpCallers({ uidOf: async () => 34 }, { groupsOf });
  const caller = await callerOf(connection());
  expect({ ...caller, gids: [...(caller.gids ?? [])] }).toEqual({
    ...unknownCaller,
    uid: 34,
    gids: [34, 50],
  });
  expect(lookups).toBeGreaterThan(0);
});

test('groups are not looked up before a rule asks for them', async () => {
  const groupsOf = () => {
    throw new Error('looked up');
  };
  expect((await tcpCallers({ uidOf: async () => 34 }, { groupsOf })(connection())).uid).toBe(34);
});

test.each([
  ['of whom the kernel says nothing', async () => undefined],
  ['about whom it cannot be asked', () => Promise.reject(new Error('EACCES'))],
])('a caller %s is unknown', async (_, uidOf) => {
  expect(await tcpCallers({ uidOf }, { groupsOf: () => new Set([0]) })(connection())).toBe(unknownCaller);
});

test('each connection is looked up once', async () => {
  let lookups = 0;
  const callerOf = tcpCallers({ uidOf: async () => ++lookups }, { groupsOf: () => undefined });
  const one = connection();
  await Promise.all([callerOf(one), callerOf(one), callerOf(connection())]);
  expect(lookups).toBe(2);
});
