import { once } from 'node:events';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach } from 'vitest';

export interface RawServer {
  readonly origin: string;
  readonly port: number;
  /** The head of every request received so far, as its bytes. */
  readonly requests: string[];
  /** Connections accepted so far, and those of them that are still open. */
  readonly accepted: () => number;
  readonly open: () => number;
}

const servers = new Set<Server>();
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  sockets.clear();
  servers.clear();
});

/** A TCP server on loopback that, once a request's head is in, does to its connection what the test says. */
export async function rawServer(respond: (socket: Socket) => void, host = '127.0.0.1'): Promise<RawServer> {
  const requests: string[] = [];
  let accepted = 0;
  let open = 0;
  const server = net.createServer((socket) => {
    accepted++;
    open++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      open--;
      sockets.delete(socket);
    });
    let received = '';
    socket.on('data', (chunk) => {
      const hadHead = received.includes('\r\n\r\n');
      received += chunk.toString('latin1');
      if (hadHead || !received.includes('\r\n\r\n')) return;
      requests.push(received);
      respond(socket);
    });
  });
  servers.add(server);
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const authority = host.includes(':') ? `[${host}]` : host;
  return {
    origin: `http://${authority}:${port}`,
    port,
    requests,
    accepted: () => accepted,
    open: () => open,
  };
}

/** Answers with exactly these bytes and leaves the connection open. */
export function sends(bytes: string | Buffer): (socket: Socket) => void {
  return (socket) => socket.write(bytes);
}

/** Answers with exactly these bytes and ends the connection. */
export function sendsAndEnds(bytes: string | Buffer): (socket: Socket) => void {
  return (socket) => socket.end(bytes);
}

/** A port of loopback where nothing listens any more. */
export async function deadOrigin(): Promise<string> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}
