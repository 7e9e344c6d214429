/** The surfaces that listen: which of them are on, where, and how each is closed. */
import type { Server } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { createAgentAccess } from './agent-access.ts';
import { groupOf, uidOf } from './agent-accounts.ts';
import type { AgentCore } from './agent-core.ts';
import type { Settings } from './config/settings.ts';
import { type AgentEndpointParts, agentEndpoint, HEALTH_PATHS } from './delivery/agent-endpoint.ts';
import { CONTAINER_PATH, containerEndpoint } from './delivery/container-endpoint.ts';
import { createContainerToken } from './delivery/container-token.ts';
import { createEvents } from './delivery/events.ts';
import { createFileSinks, type FileSinks } from './delivery/file-sinks/file-sinks.ts';
import { closeHttpSurface, createHttpSurface } from './delivery/http-surface.ts';
import { imdsEndpoint } from './delivery/imds-endpoint.ts';
import { createIssuedTokens } from './delivery/issued-tokens.ts';
import { createLineSocket } from './delivery/line-socket.ts';
import { METRICS_PATH, metricsEndpoint } from './delivery/metrics/metrics-endpoint.ts';
import type { OpenSurface } from './delivery/status-document.ts';
import type { Clock, Log, Random } from './domain/ports.ts';
import { createMetadataProxy } from './imds/metadata-proxy.ts';
import { acceptWaiting } from './platform/accept-queue.ts';
import type { Boot } from './platform/clock.ts';
import type { InheritedSocket, InheritedSockets } from './platform/inherited-sockets.ts';
import { createRunHook } from './platform/run-hook.ts';
import { authorityOf, type LoopbackAddress, listenOnLoopback } from './platform/tcp-listener.ts';
import { listenOnUnixSocket } from './platform/unix-listener.ts';

export interface SurfacesWorld {
  readonly clock: Clock;
  readonly networkClock: Clock;
  readonly boot: Boot;
  readonly log: Log;
  readonly uid: number;
  readonly random: Random;
  readonly env: NodeJS.ProcessEnv;
  /** By their names: `agent`, `line`, `container`, `imds`, `metrics`. */
  readonly inherited: InheritedSockets;
}

export interface Surfaces {
  readonly socketPath: string;
  /** For `AWS_CONTAINER_CREDENTIALS_FULL_URI`. */
  readonly containerUrl: string | undefined;
  /** For `AWS_EC2_METADATA_SERVICE_ENDPOINT`. */
  readonly imdsUrl: string | undefined;
  /** For Prometheus. */
  readonly metricsUrl: string | undefined;
  /** The surfaces of credentials, with what they have answered. */
  readonly counts: () => readonly OpenSurface[];
  readonly callerCount: () => number;
  /** Of the configured files, in their order. */
  readonly fileStatus: FileSinks['status'];
  /**
   * Applies what can be changed while they listen: rules, files, tokenless users. Throws, with nothing changed, where a
   * name in there is nobody's on this machine.
   */
  reload(settings: Settings): Promise<void>;
  /** Stops accepting everywhere, lets answers under way finish, and takes the socket files away. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 1_000;
/** Whoever scrapes needs one or two. */
const MOST_METRICS_CONNECTIONS = 16;
/** By the names under which the service manager passes their sockets. */
const SURFACE_OF = {
  agent: 'agent_socket',
  line: 'line_socket',
  container: 'container_endpoint',
  imds: 'imds_endpoint',
  metrics: 'metrics',
} as const;
type InheritedName = keyof typeof SURFACE_OF;

/** In the runtime directory: none of the configured files may be one of these. */
const OWN_FILES = [
  'credential-process.json',
  'state.json',
  'container-token',
  'container-token.state',
  'imds-token-key',
];

/**
 * Opens the surfaces that are on, the agent socket first: it is also the lock, and only who holds it may write the
 * files beside it. Rejects, with what was opened closed again, where one cannot be opened: a surface that is missing
 * without a word would send programs to whatever else answers there.
 */
export async function openSurfaces(
  settings: Settings,
  runtimeDirectory: string,
  core: AgentCore,
  told: Omit<AgentEndpointParts, 'reader' | 'events' | 'gate' | 'callers'>,
  world: SurfacesWorld,
): Promise<Surfaces> {
  const { clock, networkClock, log, boot, uid, inherited } = world;
  const { reader, state, subscribe } = core.store;
  const { agentSocket, lineSocket, containerEndpoint: container, imdsEndpoint: imds, metrics } = settings;
  const inRuntime = (path: string) => (isAbsolute(path) ? path : join(runtimeDirectory, path));
  const closers: (() => void | Promise<void>)[] = [];
  const listening: NetServer[] = [];
  const unused = new Set(inherited.keys());
  const addresses = new Map<string, string>();
  const access = createAgentAccess(settings, core, world);
  const { mostConnections } = access;
  const tokenlessUids = new Set(imds.tokenlessUsers.map(uidOf));

  try {
    const events = createEvents({ state, subscribe, clock, networkClock });
    closers.push(events.close);
    const gate = access.gate('agent_socket');
    const agent = createHttpSurface(
      agentEndpoint({ reader, events, gate, callers: access.callers, ...told }),
      {
        mostConnections,
        alwaysAnswered: HEALTH_PATHS,
      },
    );
    const socketPath = inRuntime(agentSocket.path);
    await openUnix(agent, 'agent', { ...agentSocket, path: socketPath }, () => closeHttp(agent));
    const files = keepFiles();
    const containerUrl = container.enabled ? await openContainer(container.listen) : undefined;
    const imdsUrl = imds.enabled ? await openImds(imds.listen) : undefined;
    if (lineSocket.enabled) await openLine();
    const metricsUrl = metrics.listen && (await openMetrics(metrics.listen));
    const surfaces: Surfaces = {
      ...{ socketPath, containerUrl, imdsUrl, metricsUrl, fileStatus: files.status, close },
      counts: () =>
        [...access.counts()].map(([name, counts]) => ({ name, address: addresses.get(name) ?? '', counts })),
      callerCount: access.callerCount,
      async reload(next: Settings) {
        const uids = next.imdsEndpoint.tokenlessUsers.map(uidOf);
        access.replaceRules(next.rules);
        tokenlessUids.clear();
        for (const uid of uids) tokenlessUids.add(uid);
        await files.replace(next.files);
      },
    };
    warnOfUnused();
    return surfaces;
  } catch (error) {
    await close();
    throw error;
  }

  async function openContainer(listen: LoopbackAddress): Promise<string> {
    const path = inRuntime('container-token');
    const gid = groupOf(agentSocket.group, log);
    const token = createContainerToken({ path, gid, uid, boot, log });
    closers.push(subscribe(() => token.check()));
    const gate = access.gate('container_endpoint');
    const asked = container.authorize === 'token' ? token : undefined;
    const server = createHttpSurface(containerEndpoint({ reader, gate, token: asked }), { mostConnections });
    return openTcp(server, 'container', listen, CONTAINER_PATH);
  }

  async function openImds(listen: LoopbackAddress): Promise<string> {
    const metadata = createMetadataProxy({ read: core.source.readItem, clock, networkClock });
    closers.push(metadata.close);
    const server = createHttpSurface(
      imdsEndpoint({
        reader,
        metadata,
        clock,
        issuedTokens: createIssuedTokens({ keyPath: inRuntime('imds-token-key'), uid, clock, log }),
        tokenlessUids,
        gate: access.gate('imds_endpoint'),
      }),
      { mostConnections },
    );
    return openTcp(server, 'imds', listen);
  }

  function openMetrics(listen: LoopbackAddress): Promise<string> {
    const limits = { mostConnections: MOST_METRICS_CONNECTIONS };
    return openTcp(createHttpSurface(metricsEndpoint(told.metrics), limits), 'metrics', listen, METRICS_PATH);
  }

  async function openLine(): Promise<void> {
    const line = createLineSocket({ reader, gate: access.gate('line_socket'), networkClock });
    const path = inRuntime(lineSocket.path);
    await openUnix(line.server, 'line', { ...lineSocket, path }, () => line.close(CLOSE_GRACE_MS));
  }

  function keepFiles(): FileSinks {
    const { random, env } = world;
    const runHook = createRunHook(networkClock, env);
    const reserved = OWN_FILES.map(inRuntime);
    const parts = { clock, networkClock, random, log, runHook, uid, reserved };
    const sinks = createFileSinks(settings.files, parts);
    const stop = subscribe(({ served, after: { held, absence } }) => {
      sinks.update(served, held === undefined && absence === undefined);
    });
    closers.push(async () => {
      stop();
      await sinks.close();
    });
    return sinks;
  }

  async function openTcp(server: Server, name: InheritedName, listen: LoopbackAddress, urlPath = '') {
    unused.delete(name);
    access.watch(server, SURFACE_OF[name]);
    const address = await listenOnLoopback(server, inherited.get(name) ?? listen);
    listening.push(server);
    closers.push(() => closeHttp(server));
    const url = `http://${authorityOf(address)}${urlPath}`;
    addresses.set(SURFACE_OF[name], url);
    return url;
  }

  async function openUnix(
    server: NetServer,
    name: InheritedName,
    { path, mode, group }: { path: string; mode: number; group: string },
    closeServer: () => Promise<void>,
  ): Promise<void> {
    unused.delete(name);
    addresses.set(SURFACE_OF[name], path);
    access.watch(server, SURFACE_OF[name]);
    const place: InheritedSocket | undefined = inherited.get(name);
    const release = await listenOnUnixSocket(server, place ?? { path, mode, gid: groupOf(group, log) });
    listening.push(server);
    closers.push(async () => {
      release();
      await closeServer();
    });
  }

  /** Whoever connects there is accepted by the kernel, and would wait for ever. */
  function warnOfUnused(): void {
    for (const name of unused) {
      log.warn(
        `The socket ${JSON.stringify(name)} was passed and no surface serves it, so its clients hang: stop its socket unit, or turn its surface on (FileDescriptorName= is agent, line, container, imds or metrics)`,
      );
    }
  }

  function closeHttp(server: Server): Promise<void> {
    return closeHttpSurface(server, CLOSE_GRACE_MS, networkClock.setTimer);
  }

  /** In reverse order, all begun at once: the grace is one for all of them. Whoever waits already is served before that. */
  async function close(): Promise<void> {
    await Promise.all(listening.map(acceptWaiting));
    await Promise.all(closers.reverse().map((closeOne) => closeOne()));
  }
}
