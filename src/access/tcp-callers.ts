import type { Socket } from 'node:net';
import { type Caller, unknownCaller } from '../domain/caller.ts';
import type { Soon } from '../domain/soon.ts';
import type { Accounts } from '../platform/accounts.ts';
import type { TcpPeers } from '../platform/tcp-peer.ts';

/**
 * Callers over loopback TCP: the kernel names the user of their socket, and nothing else. Their groups are those that the
 * user gets at login.
 */
export function tcpCallers(
  peers: Pick<TcpPeers, 'uidOf'>,
  { groupsOf }: Pick<Accounts, 'groupsOf'>,
): (connection: Socket) => Soon<Caller> {
  const known = new WeakMap<Socket, Soon<Caller>>();
  return (connection) => {
    const caller = known.get(connection);
    if (caller !== undefined) return caller;
    const asked = peers
      .uidOf(connection)
      .then((uid) => (uid === undefined ? unknownCaller : callerOf(uid)))
      .catch(() => unknownCaller)
      .then((found) => {
        known.set(connection, found);
        return found;
      });
    known.set(connection, asked);
    return asked;
  };

  function callerOf(uid: number): Caller {
    return {
      ...unknownCaller,
      uid,
      get gids() {
        return groupsOf(uid);
      },
    };
  }
}
