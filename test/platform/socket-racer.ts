/**
 * A process that listens on a socket file when its parent says so, and gives it back when told: one of those who want
 * the same name at the same time. Every connection is answered with the process's id.
 */
import net, { type Server } from 'node:net';
import { listenOnSocketFile, SocketInUseError } from '../../src/platform/unix-socket.ts';

interface Listen {
  /** The path. */
  readonly listen: string;
  readonly mode?: number;
  readonly gid?: number;
}

export type Order = Listen | { readonly release: true };
export type Report = 'ready' | 'listening' | 'in use' | 'released' | { readonly error: string };

let server: Server | undefined;
let release = () => {};

process.on('message', (order: Order) => {
  void ('listen' in order ? listen(order) : giveBack()).then((report) => process.send?.(report));
});
process.send?.('ready');

async function listen({ listen: path, mode = 0o600, gid }: Listen): Promise<Report> {
  server = net.createServer((socket) => socket.on('error', () => {}).end(String(process.pid)));
  try {
    release = await listenOnSocketFile(server, path, { mode, gid });
    return 'listening';
  } catch (error) {
    return error instanceof SocketInUseError ? 'in use' : { error: String(error) };
  }
}

async function giveBack(): Promise<Report> {
  release();
  release = () => {};
  if (server?.listening) await new Promise((resolve) => server?.close(resolve));
  return 'released';
}
