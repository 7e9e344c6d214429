import type { Server } from 'node:net';
import { type InheritedSocket, listenOnInherited } from './inherited-sockets.ts';
import { listenOnSocketFile, type SocketFileOptions } from './unix-socket.ts';

export interface SocketFile extends SocketFileOptions {
  readonly path: string;
}

/**
 * Listens on a socket file of our own, or on an inherited Unix socket, whose file belongs to who made it. Returns the
 * way to take our own file back at the end.
 */
export async function listenOnUnixSocket(
  server: Server,
  place: SocketFile | InheritedSocket,
): Promise<() => void> {
  if ('path' in place) return listenOnSocketFile(server, place.path, place);
  const bound = await listenOnInherited(server, place);
  if (bound === undefined) return () => {};
  server.close();
  throw new Error(
    `Cannot listen on descriptor ${place.fd}: it is bound to ${bound.address} port ${bound.port} where a Unix socket is expected. Compare the FileDescriptorName= of the socket units`,
  );
}
