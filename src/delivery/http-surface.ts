import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { andThen, type Soon } from '../domain/soon.ts';
import { http } from '../platform/http.ts';
import { firstRefusal, type Guard } from './guards.ts';
import { type HttpRefusal, jsonRefusal, type Reply, send } from './reply.ts';

/** What makes an HTTP surface: who is refused, in what words, and what the others get. */
export interface SurfaceParts {
  /** In the order in which they run; the first refusal is the answer. */
  readonly guards: readonly Guard[];
  /** How this surface words a refusal. */
  readonly refuse: (refusal: HttpRefusal) => Reply;
  /** Answers what the guards let through. */
  readonly route: (request: IncomingMessage, response: ServerResponse) => Soon<void>;
  /** Told of each request before it is answered: `allowed`, or the code of its refusal. Default: nobody is. */
  readonly record?: (request: IncomingMessage, verdict: string) => Soon<void>;
  /** Told of each request when it was answered, or could not be. */
  readonly answered?: (request: IncomingMessage, response: ServerResponse) => void;
}

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
  /** Whatever the command line or NODE_OPTIONS says: the lenient parser lets requests be smuggled. */
  insecureHTTPParser: false,
  /** A request without a body is whole when it is there: nothing of a stream is set up for it. */
  optimizeEmptyRequests: true,
} satisfies ServerOptions;

const FIRST_REQUEST_GRACE_MS = 500;
const MOST_CONNECTIONS = 10_000;
/** Of the connections, those that are kept for what is always answered; of few, a quarter. */
const RESERVED = 16;
/** Requests on one connection that wait for their answers at the same time. No client of ours sends two. */
const MOST_PIPELINED = 16;

/** What the parser refuses, by its error's code; everything else is a 400. */
const PARSER_STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

export function surfaceListener(parts: SurfaceParts): RequestListener {
  const { guards, refuse, route, record, answered } = parts;
  return (request, response) => {
    response.on('error', ignore);
    try {
      // Of a request with a body the parser may still refuse the rest: it has its say first.
      const isWhole = request.readableEnded;
      const sending = isWhole ? answer(request, response) : soon.then(() => answer(request, response));
      if (sending instanceof Promise) sending.catch(() => response.destroy());
    } catch {
      response.destroy();
    }
  };

  function answer(request: IncomingMessage, response: ServerResponse): Soon<void> {
    return andThen(firstRefusal(guards, request), (refusal) =>
      andThen(record?.(request, refusal?.code ?? 'allowed'), () => settle(request, response, refusal)),
    );
  }

  function settle(
    request: IncomingMessage,
    response: ServerResponse,
    refusal: HttpRefusal | undefined,
  ): Soon<void> {
    let sending: Soon<void>;
    try {
      sending = refusal === undefined ? route(request, response) : send(response, refuse(refusal));
    } catch (error) {
      answered?.(request, response);
      throw error;
    }
    if (sending instanceof Promise) return sending.finally(() => answered?.(request, response));
    answered?.(request, response);
    return undefined;
  }
}

const soon = Promise.resolve();

/** A client that goes away while it is answered is its own affair. */
function ignore(): void {}

interface Connection {
  readonly isReserved: boolean;
  /** Requests that wait for their answers. */
  waiting: number;
}

/** The open connections of each surface. */
const connectionsOf = new WeakMap<Server, Map<Socket, Connection>>();

export interface SurfaceLimits extends Partial<typeof LIMITS> {
  readonly mostConnections?: number;
  /** Paths for which the last connections are kept: on those, everything else is 503. */
  readonly alwaysAnswered?: ReadonlySet<string>;
}

export function createHttpSurface(listener: RequestListener, options: SurfaceLimits = {}): Server {
  const { mostConnections = MOST_CONNECTIONS, alwaysAnswered, ...limits } = options;
  const connections = new Map<Socket, Connection>();
  const unreserved = mostConnections - Math.min(RESERVED, Math.ceil(mostConnections / 4));
  const server = http.createServer({ ...LIMITS, ...limits }, (request, response) => {
    const { socket } = request;
    const connection = connections.get(socket);
    if (connection === undefined || socket.destroyed) return;
    connection.waiting += 1;
    if (connection.waiting > MOST_PIPELINED) {
      socket.destroy();
      return;
    }
    if (!server.listening || connection.isReserved) response.setHeader('Connection', 'close');
    response.on('close', () => {
      connection.waiting -= 1;
      if (!server.listening && connection.waiting === 0) socket.destroySoon();
    });
    if (connection.isReserved && !alwaysAnswered?.has(pathOf(request))) refuseForLack(response);
    else listener(request, response);
  });
  connectionsOf.set(server, connections);
  server.maxConnections = mostConnections;
  server.on('connection', (socket: Socket) => {
    const isReserved = alwaysAnswered !== undefined && connections.size >= unreserved;
    connections.set(socket, { isReserved, waiting: 0 });
    socket.once('close', () => connections.delete(socket));
  });
  // The parser has refused what came in: the answer is final and says nothing about what is behind it. While another
  // request of the connection is being answered there is none, since it would be taken for that request's.
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const isAnswering = (connections.get(socket as Socket)?.waiting ?? 0) > 0;
    if (isAnswering || !socket.writable) {
      socket.destroy();
      return;
    }
    const status = PARSER_STATUS[error.code ?? ''] ?? '400 Bad Request';
    socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    (socket as Socket).destroySoon();
  });
  return server;
}

function refuseForLack(response: ServerResponse): void {
  response.on('error', ignore);
  const message = 'There are too many connections to this socket already. Ask again in a moment';
  const headers = { 'Retry-After': '1' };
  send(response, jsonRefusal({ status: 503, code: 'too-many-connections', message, headers }));
}

/** The path without its query: no route takes one. */
export function pathOf(request: IncomingMessage): string {
  const { url = '' } = request;
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/**
 * Stops accepting, and lets the answers under way finish for `graceMs`. A connection that was accepted and has asked
 * nothing yet may still do so for a moment: its request is probably on its way, and would be lost. Then cuts what is left.
 * `setTimer` is the clock's.
 */
export function closeHttpSurface(
  server: Server,
  graceMs: number,
  setTimer: (delayMs: number, action: () => void) => () => void,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timers = [
    setTimer(Math.min(FIRST_REQUEST_GRACE_MS, graceMs), () => server.closeIdleConnections()),
    setTimer(graceMs, () => server.closeAllConnections()),
  ];
  // Not http's own close: it would cut those connections at once.
  NetServer.prototype.close.call(server, () => {
    for (const cancel of timers) cancel();
    server.close(); // ends what http's own close also ends: the timer behind the deadlines
    resolve();
  });
  for (const [socket, { waiting }] of connectionsOf.get(server) ?? []) {
    if (waiting === 0 && socket.bytesWritten > 0) socket.destroySoon();
  }
  return promise;
}
