import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { http } from '../../src/platform/http.ts';
import { createTcpPeers, type TcpPeersOptions } from '../../src/platform/tcp-peer.ts';
import { byTurns, type Measured } from './measured.ts';
import { type Stage, says } from './stage.ts';

/** Two sockets each. */
const CONNECTIONS = 2_500;
const BATCH = 50;

/** Whose the other end of a connection is, one by one, while 5,000 sockets are open; against whole answers of the agent. */
export function callerTime(options: TcpPeersOptions, aim: number): (stage: Stage) => Promise<Measured> {
  return async (stage) => {
    const directory = stage.directory();
    const agent = stage.agent(directory);
    const [, url = ''] = await says(agent, 'stderr', / container=(\S+) /);
    const token = readFileSync(join(directory, 'container-token'), 'utf8');
    await using open = await openConnections();
    const times = await byTurns(
      7,
      () => inBatch((index) => createTcpPeers(options).uidOf(open.accepted[index * 7] as Socket)),
      () => inBatch(() => ask(url, token)),
    );
    return { unit: 'ms', ...times, against: `${BATCH} answers of the container endpoint`, aim };
  };
}

async function inBatch(action: (index: number) => Promise<unknown>): Promise<number> {
  const began = performance.now();
  for (let index = 0; index < BATCH; index++) await action(index);
  return performance.now() - began;
}

async function openConnections() {
  const server = createServer().listen(0, '127.0.0.1', 511);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted: Socket[] = [];
  const clients: Socket[] = [];
  server.on('connection', (socket) => accepted.push(socket));
  for (let index = 0; index < CONNECTIONS; index++) {
    const client = connect(port, '127.0.0.1');
    clients.push(client);
    await once(client, 'connect');
  }
  while (accepted.length < CONNECTIONS) await new Promise(setImmediate);
  return {
    accepted,
    async [Symbol.asyncDispose]() {
      for (const socket of [...clients, ...accepted]) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function ask(url: string, token: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  http
    .get(url, { agent: false, headers: { Authorization: token } }, (response) => {
      response.resume().on('end', resolve);
    })
    .on('error', reject);
  return promise;
}
