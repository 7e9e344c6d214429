import type { ServerResponse } from 'node:http';
import type { EpochMs } from '../domain/ports.ts';
import type { Reply } from './reply.ts';

/** Sends a reply with the headers that IMDS puts on every one, and its connection's end. */
export function send(response: ServerResponse, reply: Reply, date: EpochMs): void {
  response.writeHead(reply.status, {
    ...reply.headers,
    'Content-Length': Buffer.byteLength(reply.body),
    Date: new Date(date).toUTCString(),
    Server: 'EC2ws',
    Connection: 'close',
  });
  if (reply.cutAfter === undefined) {
    response.end(reply.body);
    return;
  }
  response.flushHeaders();
  response.write(reply.body.slice(0, reply.cutAfter));
  response.socket?.destroySoon();
}
