/**
 * What a service manager starts in tests: every surface on a socket that was passed, serving one set for ever. Its
 * runtime directory is the first argument.
 */
import { join } from 'node:path';
import { agentEndpoint } from '../../src/delivery/agent-endpoint.ts';
import { containerEndpoint } from '../../src/delivery/container-endpoint.ts';
import { createContainerToken } from '../../src/delivery/container-token.ts';
import { closeHttpSurface, createHttpSurface } from '../../src/delivery/http-surface.ts';
import { imdsEndpoint } from '../../src/delivery/imds-endpoint.ts';
import { createIssuedTokens } from '../../src/delivery/issued-tokens.ts';
import { createLineSocket } from '../../src/delivery/line-socket.ts';
import { createCredentialStore } from '../../src/lifecycle/credential-store.ts';
import { systemBoot, systemClock } from '../../src/platform/clock.ts';
import { type InheritedSocket, takeInheritedSockets } from '../../src/platform/inherited-sockets.ts';
import { listenOnLoopback } from '../../src/platform/tcp-listener.ts';
import { listenOnUnixSocket } from '../../src/platform/unix-listener.ts';
import { roleCredentials, success } from './credentials.ts';
import { openGate } from './gate.ts';
import { memoryLog } from './memory-log.ts';

const [directory = ''] = process.argv.slice(2);
const sockets = takeInheritedSockets(process.env, process.pid);
const log = memoryLog();
const clock = systemClock;
const uid = process.getuid?.() ?? 0;
const { reader, ...store } = createCredentialStore({
  clock,
  random: () => 0.5,
  stability: 'never',
  firstGeneration: 0,
  onListenerError: () => {},
});
store.apply(success(roleCredentials(1, '2999-01-01T00:00:00Z')));

const agent = createHttpSurface(
  agentEndpoint({
    reader,
    gate: openGate(),
    status: () => ({}),
    isAlive: () => true,
    isReady: () => true,
  } as Parameters<typeof agentEndpoint>[0]),
);
const token = createContainerToken({
  path: join(directory, 'container-token'),
  gid: undefined,
  uid,
  boot: systemBoot(),
  log,
});
const container = createHttpSurface(containerEndpoint({ reader, token, gate: openGate() }));
const issuedTokens = createIssuedTokens({ keyPath: join(directory, 'imds-token-key'), uid, clock, log });
const imds = createHttpSurface(
  imdsEndpoint({
    reader,
    issuedTokens,
    metadata: { read: () => undefined },
    tokenlessUids: new Set(),
    gate: openGate(),
    clock,
  }),
);
const line = createLineSocket({ reader, gate: openGate(), networkClock: clock });
await listenOnUnixSocket(agent, passed('agent'));
await listenOnUnixSocket(line.server, passed('line'));
await listenOnLoopback(container, passed('container'));
await listenOnLoopback(imds, passed('imds'));
process.stdout.write('serving\n');

process.once('SIGTERM', async () => {
  await Promise.all([
    ...[agent, container, imds].map((server) => closeHttpSurface(server, 1_000, clock.setTimer)),
    line.close(1_000),
  ]);
  process.exit(log.lines.length);
});

function passed(name: string): InheritedSocket {
  const socket = sockets.get(name);
  if (socket === undefined) throw new Error(`${name} was not passed`);
  return socket;
}
