import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { http } from '../../src/platform/http.ts';
import { createTcpPeers, type TcpPeersOptions } from '../../src/platform/tcp-peer.ts';
import { createUnixPeers } from '../../src/platform/unix-peer.ts';
import { byTurns, median, type Pairs } from './measured.ts';
import { plain, type Row } from './row.ts';
import type { RunningAgent, Stage } from './stage.ts';

/** Two sockets each. */
const CONNECTIONS = 2_500;
const BATCH = 50;
const ROUNDS = 9;

/**
 * What it takes to find out who is at the other end of a connection, which is done once for each, as part of an answer
 * on a connection of its own.
 */
export async function callers(stage: Stage): Promise<readonly Row[]> {
  const agent = await stage.agent();
  const [unix, tcp] = [unixAnswers(agent), containerAnswers(agent)];
  const rows = [
    await lookup(stage, 'caller on a Unix socket', unix, unixLookups(stage), { most: 10 }),
    await lookup(stage, 'caller on TCP, 5,000 sockets', tcp, tcpLookups({}), { most: 10 }),
    await lookup(stage, '… by the tables alone', tcp, tcpLookups({ askKernel: () => undefined })),
  ];
  await agent.end();
  return rows;
}

type Lookups = () => Promise<AsyncDisposable & { readonly look: (index: number) => unknown }>;

async function lookup(
  stage: Stage,
  figure: string,
  answer: () => Promise<void>,
  open: Lookups,
  aim?: Row['aim'],
): Promise<Row> {
  await using opened = await open();
  const pairs: Pairs = await byTurns(
    stage.rounds(ROUNDS),
    () => inBatch(opened.look),
    () => inBatch(answer),
  );
  const [ours, reference] = [median(pairs.ours), median(pairs.reference)];
  return {
    figure,
    unit: '%',
    aim,
    value: (ours / reference) * 100,
    detail: `${plain((ours / BATCH) * 1_000)} µs of ${plain((reference / BATCH) * 1_000)} µs; ${pairs.ours.length} rounds`,
  };
}

async function inBatch(action: (index: number) => unknown): Promise<number> {
  const began = performance.now();
  for (let index = 0; index < BATCH; index++) await action(index);
  return performance.now() - began;
}

/** With everything that a rule could ask for. */
function unixLookups(stage: Stage): Lookups {
  return async () => {
    const open = await connections(createServer().listen(`${stage.directory()}.sock`), BATCH);
    return {
      look(index) {
        const { uid, gids, exe, unit } = createUnixPeers().callerOf(open.accepted[index] as Socket);
        return [uid, gids, exe, unit];
      },
      [Symbol.asyncDispose]: open.close,
    };
  };
}

function tcpLookups(options: TcpPeersOptions): Lookups {
  return async () => {
    const open = await connections(createServer().listen(0, '127.0.0.1', 511), CONNECTIONS);
    return {
      look: (index) => createTcpPeers(options).uidOf(open.accepted[index * 7] as Socket),
      [Symbol.asyncDispose]: open.close,
    };
  };
}

async function connections(server: Server, count: number) {
  const accepted: Socket[] = [];
  const clients: Socket[] = [];
  server.on('connection', (socket) => accepted.push(socket));
  await once(server, 'listening');
  const address = server.address() as AddressInfo | string;
  for (let index = 0; index < count; index++) {
    const client = typeof address === 'string' ? connect(address) : connect(address.port, '127.0.0.1');
    clients.push(client);
    await once(client, 'connect');
  }
  while (accepted.length < count) await new Promise(setImmediate);
  return {
    accepted,
    async close() {
      for (const socket of [...clients, ...accepted]) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function unixAnswers({ socketPath }: RunningAgent): () => Promise<void> {
  return () => ask('http://localhost/v1/credentials', { socketPath });
}

function containerAnswers({ containerUrl, directory }: RunningAgent): () => Promise<void> {
  const Authorization = readFileSync(join(directory, 'container-token'), 'utf8');
  return () => ask(containerUrl, { headers: { Authorization } });
}

function ask(url: string, options: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  http
    .get(url, { agent: false, ...options }, (response) => {
      response.resume().on('end', resolve);
    })
    .on('error', reject);
  return promise;
}
