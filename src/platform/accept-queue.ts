import type { Server } from 'node:net';

/**
 * How many clients may wait in the kernel to be accepted, of one listener: as many as Linux allows by default
 * (net.core.somaxconn), and as the socket units say. Node's own 511 fill within seconds of a busy machine, and whoever comes
 * then is refused (a Unix socket) or left to try again (TCP).
 */
export const ACCEPT_QUEUE = 4096;

/** Node accepts one client a turn. */
const MOST_TURNS = 1_000;
const QUIET_TURNS = 2;

/**
 * Resolves once nobody waits there any more. What closes afterwards has cut nobody off, and leaves no more to whoever
 * inherits the socket than what comes meanwhile. Clients that never stop coming are not waited for.
 */
export async function acceptWaiting(server: Server): Promise<void> {
  let accepted = 0;
  const count = () => {
    accepted++;
  };
  server.on('connection', count);
  for (let turn = 0, quiet = 0; turn < MOST_TURNS && quiet < QUIET_TURNS; turn++) {
    const before = accepted;
    await new Promise(setImmediate);
    quiet = accepted === before ? quiet + 1 : 0;
  }
  server.removeListener('connection', count);
}
