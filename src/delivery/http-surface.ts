import type { RequestListener, Server } from 'node:http';
import { http } from '../platform/http.ts';

/** Every limit on what a client may send or hold, in one place. The numbers are far above any real client's need. */
const LIMITS = {
  /** Bytes of request line and headers. The largest real client sends about 600. */
  maxHeaderSize: 8 * 1024,
  /** Milliseconds until the headers, and the whole request, must be there. */
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  /** Milliseconds that an idle connection may stay open between requests. */
  keepAliveTimeout: 60_000,
  /** How often the two deadlines above are checked. */
  connectionsCheckingInterval: 2_000,
};

export function createHttpSurface(listener: RequestListener): Server {
  const server = http.createServer(LIMITS, listener);
  // The parser has refused what came in: the answer is final and says nothing about what is behind it.
  server.on('clientError', (_error, socket) => {
    if (socket.writable)
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  return server;
}

/**
 * Stops accepting, lets the answers under way finish for `graceMs`, then cuts what is left.
 * `setTimer` is the clock's.
 */
export function closeHttpSurface(
  server: Server,
  graceMs: number,
  setTimer: (delayMs: number, action: () => void) => () => void,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = setTimer(graceMs, () => server.closeAllConnections());
  server.close(() => {
    cancel();
    resolve();
  });
  server.closeIdleConnections();
  return promise;
}
