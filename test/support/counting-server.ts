import { once } from 'node:events';
import net from 'node:net';

/** Counts the connections that are made to it, and breaks them. */
export interface CountingServer extends AsyncDisposable {
  /** Of one on loopback. */
  readonly url: string;
  connections(): number;
}

/** On a Unix socket at `path`, or without one on a free port of loopback. */
export async function countingServer(path?: string): Promise<CountingServer> {
  let connections = 0;
  const server = net.createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
