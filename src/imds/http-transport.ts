import type { ClientRequest, IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Clock } from '../domain/ports.ts';
import { http } from '../platform/http.ts';
import {
  LONGEST_BODY,
  TOKEN_TTL_HEADER,
  type Transport,
  type TransportAnswer,
  TransportError,
  type TransportFailure,
  type TransportRequest,
} from './transport.ts';

export interface HttpTransportOptions {
  /** `http://HOST[:PORT]`. There is no default: code that does not name the metadata address cannot reach it. */
  readonly origin: string;
  readonly connectTimeoutMs: number;
  /** For the whole exchange, the connect included. */
  readonly requestTimeoutMs: number;
  /** The real one, also where the rest of rolekeeper lives in compressed time. */
  readonly clock: Clock;
  /** Named in `User-Agent`. */
  readonly version: string;
}

/**
 * A transport over a TCP connection of its own per request, which is gone when the promise settles, however it does.
 * It knows no redirects and no proxies: the environment's proxy variables and Node's `NODE_USE_ENV_PROXY` have no say,
 * because the socket is made here and no agent of `node:http` is asked.
 */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const { protocol, hostname, port, host } = new URL(options.origin);
  if (protocol !== 'http:') throw new Error(`IMDS is asked over http, not ${protocol}`);
  const to = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80), authority: host };
  return (request) => new Exchange(options, to, request).run();
}

interface Destination {
  readonly host: string;
  readonly port: number;
  /** For the `Host` header. */
  readonly authority: string;
}

/** How far an exchange has come: what its failure is called depends on it. */
type Stage = 'connecting' | 'waiting' | 'reading';

const FAILURE_AT_DEADLINE = {
  connecting: 'unreachable',
  waiting: 'unanswered',
  reading: 'broken',
} as const satisfies Record<Stage, TransportFailure>;

const SWITCHING_PROTOCOLS = 101;

class Exchange {
  readonly #options: HttpTransportOptions;
  readonly #to: Destination;
  readonly #request: TransportRequest;
  readonly #outcome = Promise.withResolvers<TransportAnswer>();
  readonly #timers: (() => void)[] = [];
  #over = false;
  #socket: Socket | undefined;
  #exchange: ClientRequest | undefined;
  #response: IncomingMessage | undefined;

  constructor(options: HttpTransportOptions, to: Destination, request: TransportRequest) {
    this.#options = options;
    this.#to = to;
    this.#request = request;
  }

  run(): Promise<TransportAnswer> {
    const { requestTimeoutMs } = this.#options;
    const { signal } = this.#request;
    if (signal.aborted) {
      this.#cancel();
    } else {
      signal.addEventListener('abort', this.#cancel);
      this.#after(requestTimeoutMs, () => {
        this.#fail(FAILURE_AT_DEADLINE[this.#stage()], `no whole answer within ${requestTimeoutMs} ms`);
      });
      this.#connect();
    }
    return this.#outcome.promise;
  }

  #connect(): void {
    const { connectTimeoutMs } = this.#options;
    const { host, port } = this.#to;
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    this.#after(connectTimeoutMs, () => {
      if (socket.connecting) this.#fail('unreachable', `no connection within ${connectTimeoutMs} ms`);
    });
    socket.once('error', this.#failWith);
    socket.once('connect', () => {
      socket.off('error', this.#failWith);
      this.#send(socket);
    });
  }

  /** Node's own timeouts are not set: they bound parts of an exchange, the one in run() bounds all of it. */
  #send(socket: Socket): void {
    const { method, path } = this.#request;
    const { version } = this.#options;
    const named = { host: this.#to.authority, accept: '*/*', 'user-agent': `rolekeeper/${version}` };
    const length = method === 'PUT' ? { 'content-length': '0' } : {};
    const headers = { ...named, ...this.#request.headers, ...length, connection: 'close' };
    const createConnection = () => socket;
    const closed = () => this.#fail('broken', 'CLOSED');
    this.#exchange = http
      .request({ method, path, headers, createConnection, setDefaultHeaders: false })
      .on('response', (response) => {
        this.#exchange?.off('close', closed);
        this.#read(response);
      })
      .on('error', this.#failWith)
      .on('close', closed);
    this.#exchange.end();
  }

  #read(response: IncomingMessage): void {
    this.#response = response;
    if (response.statusCode === SWITCHING_PROTOCOLS) {
      this.#fail('broken', 'SWITCHED');
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > LONGEST_BODY) this.#fail('garbled', `the body is longer than ${LONGEST_BODY} bytes`);
      else chunks.push(chunk);
    });
    response.on('error', this.#failWith);
    response.on('end', () => {
      const { statusCode: status = 0, headers } = response;
      const body = Buffer.concat(chunks).toString('utf8');
      const grantedTtl = first(headers[TOKEN_TTL_HEADER]);
      this.#end(() => this.#outcome.resolve({ status, body, date: headers.date, grantedTtl }));
    });
  }

  #stage(): Stage {
    if (this.#socket?.connecting !== false) return 'connecting';
    return this.#socket.bytesRead === 0 ? 'waiting' : 'reading';
  }

  /** Where it was this process that stood still, what has come meanwhile is read first: that is no silence of IMDS. */
  #after(ms: number, action: () => void): void {
    const { clock } = this.#options;
    this.#timers.push(clock.setTimer(ms, () => this.#timers.push(clock.setTimer(0, action))));
  }

  #cancel = (): void => this.#fail('cancelled', 'given up');

  #failWith = (error: Error & { code?: unknown }): void => {
    const code = typeof error.code === 'string' ? error.code : error.name;
    // The answer is here, and its end is about to be told: what comes after it is no part of it.
    if (this.#response?.complete) return;
    if (this.#exchange === undefined) {
      this.#fail('unreachable', code);
      return;
    }
    // A parser also complains when the connection ends in the middle: that is bad luck rather than bad HTTP.
    const isBadHttp = code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE';
    this.#fail(isBadHttp ? 'garbled' : 'broken', code);
  };

  #fail(failure: TransportFailure, detail: string): void {
    this.#end(() => this.#outcome.reject(new TransportError(failure, `${this.#options.origin}: ${detail}`)));
  }

  /** The one way out: timers, listeners and the connection are gone before the promise settles. */
  #end(settle: () => void): void {
    if (this.#over) return;
    this.#over = true;
    for (const stop of this.#timers) stop();
    this.#request.signal.removeEventListener('abort', this.#cancel);
    this.#exchange?.on('error', () => {}).destroy();
    this.#socket?.on('error', () => {}).destroy();
    settle();
  }
}

function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
