import type { Server } from 'node:http';
import { http } from '../../../src/platform/http.ts';

export interface Said {
  readonly body: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** On a free port of loopback, every connection for one request. */
export async function httpServer(answer: (path: string, method: string) => Said) {
  const server: Server = http.createServer((request, response) => {
    const { body, status = 200, headers = {} } = answer(request.url ?? '', request.method ?? '');
    request.resume();
    response.writeHead(status, { ...headers, Connection: 'close' });
    response.end(body);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
