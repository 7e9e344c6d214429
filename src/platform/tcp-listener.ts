import { isIPv4, type Server } from 'node:net';
import { ACCEPT_QUEUE } from './accept-queue.ts';
import { type InheritedSocket, listenOnInherited } from './inherited-sockets.ts';

/** An address on this machine's loopback. */
export interface LoopbackAddress {
  /** `127.0.0.1`, another address of 127.0.0.0/8, or `::1`. A name is none: what it stands for can change. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/**
 * Listens on a loopback address, or on an inherited socket that is bound to one, and returns where. Every TCP listener
 * of rolekeeper is opened here, and here is where an address beyond loopback is refused, whatever was configured.
 */
export async function listenOnLoopback(
  server: Server,
  place: LoopbackAddress | InheritedSocket,
): Promise<LoopbackAddress> {
  if ('fd' in place) return takeOver(server, place);
  if (!isLoopback(place.host)) throw beyondLoopback(place.host);
  await bind(server, place);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : place.port;
  return { host: place.host, port };
}

/** As it is written in a URL or a `Host` header. */
export function authorityOf({ host, port }: LoopbackAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The socket says where it is bound only once it listens; it is closed again before it has accepted anybody. */
async function takeOver(server: Server, socket: InheritedSocket): Promise<LoopbackAddress> {
  const bound = await listenOnInherited(server, socket);
  if (bound !== undefined && isLoopback(bound.address)) return { host: bound.address, port: bound.port };
  server.close();
  throw bound === undefined
    ? new Error(
        `Cannot listen on descriptor ${socket.fd}: it is a Unix socket where a TCP socket is expected. Compare the FileDescriptorName= of the socket units`,
      )
    : beyondLoopback(bound.address);
}

function bind(server: Server, { host, port }: LoopbackAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: NodeJS.ErrnoException) =>
    reject(new Error(explained({ host, port }, error), { cause: error }));
  server.once('error', fail);
  server.listen({ host, port, exclusive: true, backlog: ACCEPT_QUEUE }, () => {
    server.removeListener('error', fail);
    resolve();
  });
  return promise;
}

function explained(address: LoopbackAddress, { code = 'unknown error' }: NodeJS.ErrnoException): string {
  const what = `Cannot listen on ${authorityOf(address)} (${code})`;
  if (code === 'EADDRINUSE') {
    return `${what}: another program does. ss -ltnp shows which; stop it, or configure another port`;
  }
  if (code === 'EACCES') {
    return `${what}: a port below 1024 needs a privilege (CAP_NET_BIND_SERVICE). Configure one from 1024`;
  }
  if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') {
    return `${what}: this machine's loopback does not have that address. Configure 127.0.0.1`;
  }
  return what;
}

function beyondLoopback(host: string): Error {
  return new Error(
    `Refused to listen on ${host}: credentials are served on loopback only. Use an address of 127.0.0.0/8, or ::1`,
  );
}

function isLoopback(host: string): boolean {
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
