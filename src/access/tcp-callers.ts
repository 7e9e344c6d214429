import type { Socket } from 'node:net';
import { type Caller, unknownCaller } from '../domain/caller.ts';
import type { Accounts } from '../platform/accounts.ts';
import type { TcpPeers } from '../platform/tcp-peer.ts';

/**
 * Callers over loopback TCP: the kernel names the user of their socket, and nothing else. Their groups are those that the
 * user gets at login.
 */
export function tcpCallers(
  peers: Pick<TcpPeers, 'uidOf'>,
  { groupsOf }: Pick<Accounts, 'groupsOf'>,
): (connection: Socket) => Promise<Caller> {
  const known = new WeakMap<Socket, Promise<Caller>>();
  return (connection) => {
    let caller = known.get(connection);
    if (caller === undefined) {
      caller = peers
        .uidOf(connection)
        .then((uid) => (uid === undefined ? unknownCaller : callerOf(uid)))
        .catch(() => unknownCaller);
      known.set(connection, caller);
    }
    return caller;
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
