import type { Socket } from 'node:net';

/** The part of one user's share that is open in all before anybody is asked whose a connection is. */
const UNASKED = 0.25;

/**
 * Cuts off connections beyond what one user may hold at a surface, so that nobody can take all of them. Callers whose user
 * is not known share one part. As long as few connections are open they are only counted: to ask whose each is would
 * double what it costs to accept it.
 *
 * @param uidOf at once, or not at all
 */
export function createConnectionShare(
  mostOfOneUser: number,
  uidOf: (connection: Socket) => number | undefined,
): (connection: Socket) => void {
  const held = new Map<number | undefined, number>();
  let open = 0;
  return (connection) => {
    const isAsked = open >= mostOfOneUser * UNASKED;
    const uid = isAsked ? uidOf(connection) : undefined;
    const count = (held.get(uid) ?? 0) + 1;
    if (isAsked && count > mostOfOneUser) {
      connection.destroy();
      return;
    }
    open += 1;
    if (isAsked) held.set(uid, count);
    connection.once('close', () => {
      open -= 1;
      if (!isAsked) return;
      const left = (held.get(uid) ?? 1) - 1;
      if (left > 0) held.set(uid, left);
      else held.delete(uid);
    });
  };
}
