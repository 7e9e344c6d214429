/** The composition: the core, the surfaces around it, and the order in which they start and close. */
import { mkdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type CoreWorld, createAgentCore } from './agent-core.ts';
import type { Settings } from './config/settings.ts';
import { agentEndpoint } from './delivery/agent-endpoint.ts';
import { closeHttpSurface, createHttpSurface } from './delivery/http-surface.ts';
import { type StatusDocument, statusDocument } from './delivery/status-document.ts';
import { type Log, pause } from './domain/ports.ts';
import { createUndiciTransport } from './imds/undici-transport.ts';
import { systemFiles } from './platform/files.ts';
import { groupId } from './platform/groups.ts';
import { listenOnSocketFile } from './platform/unix-socket.ts';

/** What the agent needs of the machine. */
export interface AgentWorld extends Omit<CoreWorld, 'files' | 'transportFor'> {
  readonly pid: number;
  readonly version: string;
}

export interface Agent {
  readonly socketPath: string;
  status(): StatusDocument;
  /**
   * When the service manager may be told that the agent is ready, as `policy.ready` defines it: `waiting` when
   * there was still no usable set after 15 s, so that no boot hangs on an instance without a role.
   */
  readonly ready: Promise<'credentials' | 'listening' | 'waiting'>;
  checkNow(): void;
  /** Ends everything. The stored state stays, for a warm restart; nothing else does. */
  close(): Promise<void>;
}

const WAIT_FOR_CREDENTIALS_MS = 15_000;
const CLOSE_GRACE_MS = 1_000;
/** The refresh loop shows life every 30 s, and a check has its own deadlines: later than this, it hangs. */
const LOOP_OVERDUE_MS = 90_000;

export async function startAgent(
  settings: Settings,
  runtimeDirectory: string,
  world: AgentWorld,
): Promise<Agent> {
  const { clock, networkClock, log, version, pid } = world;
  const { connectTimeout: connectTimeoutMs, requestTimeout: requestTimeoutMs, endpoint } = settings.imds;
  const started = clock.now();
  makeRuntimeDirectory(runtimeDirectory);
  const gid = socketGroup(settings.agentSocket.group, log);
  const { store, refresher, ...core } = createAgentCore(settings, runtimeDirectory, gid, {
    ...world,
    files: systemFiles,
    transportFor: (origin) =>
      createUndiciTransport({ origin, connectTimeoutMs, requestTimeoutMs, clock: networkClock, version }),
  });
  const closing = new AbortController();
  const isServing = () => store.reader.read().held !== undefined;
  const status = () =>
    statusDocument({
      version,
      pid,
      started,
      imdsEndpoint: endpoint,
      runtimeDirectory,
      clock,
      state: store.state,
      nextCheckAt: refresher.nextCheckAt,
    });

  const server = createHttpSurface(
    agentEndpoint({
      reader: store.reader,
      status,
      isAlive: () => clock.monotonic() - refresher.lastBeat() < LOOP_OVERDUE_MS,
      isReady: () => settings.policy.ready === 'listening' || isServing(),
    }),
  );
  const { path, mode } = settings.agentSocket;
  const socketPath = isAbsolute(path) ? path : join(runtimeDirectory, path);
  // The socket is also the lock: only who holds it may write the files beside it.
  const releaseSocket = await listenOnSocketFile(server, socketPath, { mode, gid });
  const ready = readiness();
  core.start();
  log.info('Listening', { socket: socketPath, imds: endpoint });

  let closed: Promise<void> | undefined;
  return {
    socketPath,
    status,
    ready,
    checkNow: refresher.checkNow,
    close() {
      closed ??= close();
      return closed;
    },
  };

  async function readiness(): Promise<'credentials' | 'listening' | 'waiting'> {
    if (settings.policy.ready === 'listening') return 'listening';
    const served = new AbortController();
    const stop = store.subscribe((change) => change.served && served.abort());
    await pause(networkClock, WAIT_FOR_CREDENTIALS_MS, AbortSignal.any([served.signal, closing.signal]));
    stop();
    return served.signal.aborted ? 'credentials' : 'waiting';
  }

  async function close(): Promise<void> {
    closing.abort();
    await core.stop();
    await closeHttpSurface(server, CLOSE_GRACE_MS, networkClock.setTimer);
    releaseSocket();
    log.info('Stopped');
  }
}

/** Only the last part of the path: Node's recursive mkdir never returns for a path in /proc. */
function makeRuntimeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    throw new Error(
      `Cannot make the runtime directory ${path} (${code}): the directory above it must exist and be writable. Name another with --runtime-dir`,
    );
  }
}

/** The group that may use the socket. The default one need not exist: from a checkout nothing has made it. */
function socketGroup(group: string, log: Log): number | undefined {
  if (group === '') return undefined;
  const gid = groupId(group);
  if (gid !== undefined) return gid;
  const what = `There is no group ${group} on this machine`;
  if (group !== 'rolekeeper') throw new Error(`${what}: create it or change agent_socket.group`);
  log.info(`${what}: the socket keeps this process's own group`);
  return undefined;
}
