import { connect, type Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import Client from 'undici/lib/dispatcher/client.js';
import type { Clock } from '../domain/ports.ts';
import { keepWebAssemblyUnoptimised } from '../platform/wasm.ts';
import {
  LONGEST_BODY,
  TOKEN_TTL_HEADER,
  type Transport,
  type TransportAnswer,
  TransportError,
  type TransportFailure,
  type TransportRequest,
} from './transport.ts';

export interface UndiciTransportOptions {
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
 * It knows no redirects and no proxies: the environment's proxy variables, Node's `NODE_USE_ENV_PROXY` and a global
 * dispatcher have no say, because client and socket are made here.
 */
export function createUndiciTransport(options: UndiciTransportOptions): Transport {
  keepWebAssemblyUnoptimised();
  return async (request) => new Exchange(options, request).run();
}

/** How far an exchange has come: what its failure is called depends on it. */
type Stage = 'connecting' | 'waiting' | 'reading';

const FAILURE_AT_DEADLINE = {
  connecting: 'unreachable',
  waiting: 'unanswered',
  reading: 'broken',
} as const satisfies Record<Stage, TransportFailure>;

/** By name: undici 8 gives the first of them no code. */
const PARSER_ERRORS: ReadonlySet<string> = new Set([
  'HTTPParserError',
  'HeadersOverflowError',
  'ResponseContentLengthMismatchError',
]);

class Exchange {
  readonly #options: UndiciTransportOptions;
  readonly #request: TransportRequest;
  readonly #client: Client;
  readonly #outcome = Promise.withResolvers<TransportAnswer>();
  readonly #timers: (() => void)[] = [];
  #stage: Stage = 'connecting';
  #over = false;
  #socket: Socket | undefined;

  constructor(options: UndiciTransportOptions, request: TransportRequest) {
    this.#options = options;
    this.#request = request;
    // undici's own timeouts are off: they bound parts of an exchange, the one in run() bounds all of it.
    this.#client = new Client(options.origin, {
      connect: this.#connect,
      pipelining: 0,
      headersTimeout: 0,
      bodyTimeout: 0,
      useMilo: false, // whatever UNDICI_USE_MILO says
    });
  }

  run(): Promise<TransportAnswer> {
    const { requestTimeoutMs, version } = this.#options;
    const { method, path, signal } = this.#request;
    if (signal.aborted) {
      this.#cancel();
    } else {
      signal.addEventListener('abort', this.#cancel);
      this.#after(requestTimeoutMs, () => {
        this.#fail(FAILURE_AT_DEADLINE[this.#stage], `no whole answer within ${requestTimeoutMs} ms`);
      });
      const headers = { ...this.#request.headers, accept: '*/*', 'user-agent': `rolekeeper/${version}` };
      this.#client.dispatch({ method, path, headers, reset: true }, this.#handler());
    }
    return this.#outcome.promise;
  }

  /** Instead of undici's connector, which keeps a socket that still connects (and its descriptor) out of our reach. */
  #connect = (to: { hostname: string; port: string }, done: (error: null, socket: Socket) => void): void => {
    const { connectTimeoutMs } = this.#options;
    const socket = connect({ host: to.hostname, port: Number(to.port || 80), noDelay: true });
    this.#socket = socket;
    this.#after(connectTimeoutMs, () => {
      if (socket.connecting) this.#fail('unreachable', `no connection within ${connectTimeoutMs} ms`);
    });
    socket.once('error', this.#failWith);
    socket.once('connect', () => {
      socket.off('error', this.#failWith);
      this.#stage = 'waiting';
      done(null, socket);
    });
  };

  #handler(): Dispatcher.DispatchHandler {
    const chunks: Buffer[] = [];
    let size = 0;
    let head = {
      status: 0,
      date: undefined as string | undefined,
      grantedTtl: undefined as string | undefined,
    };
    return {
      onRequestStart: () => {}, // undici refuses a handler without it
      onResponseStarted: () => {
        this.#stage = 'reading';
      },
      onResponseStart: (_, status, headers) => {
        head = { status, date: first(headers.date), grantedTtl: first(headers[TOKEN_TTL_HEADER]) };
      },
      onResponseData: (_, chunk) => {
        size += chunk.length;
        if (size > LONGEST_BODY) this.#fail('garbled', `the body is longer than ${LONGEST_BODY} bytes`);
        else chunks.push(chunk);
      },
      onResponseEnd: () => {
        this.#end(() => this.#outcome.resolve({ ...head, body: Buffer.concat(chunks).toString('utf8') }));
      },
      onResponseError: (_, error) => this.#failWith(error),
    };
  }

  #after(ms: number, action: () => void): void {
    this.#timers.push(this.#options.clock.setTimer(ms, action));
  }

  #cancel = (): void => this.#fail('cancelled', 'given up');

  #failWith = (error: Error & { code?: unknown }): void => {
    const code = typeof error.code === 'string' ? error.code : error.name;
    if (this.#stage === 'connecting') {
      this.#fail('unreachable', code);
      return;
    }
    // A parser also complains when the connection ends in the middle: that is bad luck rather than bad HTTP.
    const badHttp = PARSER_ERRORS.has(error.name) && !this.#socket?.readableEnded;
    this.#fail(badHttp ? 'garbled' : 'broken', code);
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
    this.#client.destroy().catch(() => {});
    this.#socket?.on('error', () => {}).destroy();
    settle();
  }
}

function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
