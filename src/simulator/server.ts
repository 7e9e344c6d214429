import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, Log } from '../domain/ports.ts';
import { http } from '../platform/http.ts';
import { handleControlRequest, isControlTarget } from './control-api.ts';
import type { SimulatedInstance } from './instance.ts';
import { type ListenAddress, parseListenAddress } from './listen-address.ts';
import { type ExchangeWorld, handleMetadataRequest } from './metadata-exchange.ts';
import { createRequestLog, type RequestCounts, type RequestRecord } from './request-log.ts';

export interface SimulatorOptions {
  /** `127.0.0.1:1338`; port 0 for one that the system picks. */
  readonly listen: string;
  readonly instance: SimulatedInstance;
  readonly clock: Clock;
  readonly log: Log;
  /** Allows the two addresses of IMDS too, for a network namespace that has them on `lo`. */
  readonly allowLinkLocal?: boolean;
}

export interface Simulator {
  /** Without a slash at its end: what `AWS_EC2_METADATA_SERVICE_ENDPOINT` takes. */
  readonly url: string;
  readonly port: number;
  readonly instance: SimulatedInstance;
  /** The last 10,000 requests, oldest first, without those to the control API. */
  requests(): readonly RequestRecord[];
  requestCounts(): RequestCounts;
  clearRequests(): void;
  /** Breaks every connection, unanswered ones too. */
  close(): Promise<void>;
}

/**
 * Puts a simulated instance's metadata service, and its control API, on a loopback address.
 * @throws InputError for an address that is none or is beyond loopback; Error for one that cannot be had
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { instance, clock, log } = options;
  const address = parseListenAddress(options.listen, options.allowLinkLocal);
  const requests = createRequestLog();
  const world: ExchangeWorld = { instance, clock, log, requests };
  const server = http.createServer((incoming, response) => dispatch(world, incoming, response));
  const sockets = trackSockets(server);
  const port = await listen(server, address);
  return {
    url: `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`,
    port,
    instance,
    requests: requests.all,
    requestCounts: requests.counts,
    clearRequests: requests.clear,
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function dispatch(world: ExchangeWorld, incoming: IncomingMessage, response: ServerResponse): void {
  if (!isControlTarget(incoming.url ?? '')) {
    handleMetadataRequest(world, incoming, response);
    return;
  }
  handleControlRequest(world, incoming, response).catch((error: unknown) => {
    world.log.error('A control request to the simulator failed: please report this line', {
      error: `${error}`,
    });
    response.destroy();
  });
}

function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

async function listen(server: Server, { host, port }: ListenAddress): Promise<number> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new Error(
      `Cannot listen on ${host} port ${port}: ${reason(error)}. Stop what uses it, or choose another port (0 takes a free one)`,
      { cause: error },
    );
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
