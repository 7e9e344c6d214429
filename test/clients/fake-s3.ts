import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http } from '../../src/platform/http.ts';
import { accessDenied, objectStore } from './fake-s3-replies.ts';
import { type S3Request, signedRequest } from './signed-request.ts';

/** What stands in for S3 in a run of one program: believes every signature, and remembers it; refuses who has none. */
export interface FakeS3 extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly S3Request[];
}

/** With these, it speaks TLS. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

/** Has one bucket, `example`, with one object in it, `hello.txt`. */
export async function fakeS3(certificate?: ServerCertificate): Promise<FakeS3> {
  const requests: S3Request[] = [];
  const store = objectStore();
  const server = await serverFor(certificate, async (request, response) => {
    const signed = signedRequest(request);
    requests.push(signed);
    const sent = await bodyOf(request);
    const { status, headers, body } =
      signed.accessKeyId === undefined ? accessDenied() : store.answer(request, sent);
    response.writeHead(status, { ...headers, 'Content-Length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  // A client that waits between its calls takes a connection closed meanwhile for a failure.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function serverFor(
  certificate: ServerCertificate | undefined,
  listener: RequestListener,
): Promise<Server> {
  if (certificate === undefined) return http.createServer(listener);
  const https = await import('node:https');
  return https.createServer(certificate, listener);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    // The program is gone before its body was: whatever it sent is answered to nobody.
  }
  return Buffer.concat(chunks);
}
