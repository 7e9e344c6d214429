/** The composition: the one place that knows all parts. Builds them, starts them, closes them in reverse order. */
import { mkdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Settings } from './config/settings.ts';
import { agentEndpoint } from './delivery/agent-endpoint.ts';
import { closeHttpSurface, createHttpSurface } from './delivery/http-surface.ts';
import { createProcessFile } from './delivery/process-file.ts';
import { type StatusDocument, statusDocument } from './delivery/status-document.ts';
import { type Clock, type Log, pause, type Random } from './domain/ports.ts';
import { createCredentialSource } from './imds/credential-source.ts';
import { createUndiciTransport } from './imds/undici-transport.ts';
import { createCredentialStore } from './lifecycle/credential-store.ts';
import { createJournal } from './lifecycle/journal.ts';
import { createRefresher } from './lifecycle/refresher.ts';
import { findWarmState, keepWarm, takeUpWarmState } from './lifecycle/warm-restart.ts';
import type { Boot } from './platform/clock.ts';
import { groupId } from './platform/groups.ts';
import { listenOnSocketFile } from './platform/unix-socket.ts';

/** What the agent needs of the machine. */
export interface AgentWorld {
  /** What credentials live by. The demo's runs faster than the real one. */
  readonly clock: Clock;
  /** What network deadlines run by: always the real one. */
  readonly networkClock: Clock;
  readonly boot: Boot;
  readonly random: Random;
  readonly log: Log;
  readonly uid: number;
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
  const { clock, random, log } = world;
  const started = clock.now();
  mkdirSync(runtimeDirectory, { recursive: true, mode: 0o755 });
  const inRuntime = (path: string) => (isAbsolute(path) ? path : join(runtimeDirectory, path));
  const gid = socketGroup(settings.agentSocket.group, log);
  const socketPath = inRuntime(settings.agentSocket.path);

  const warm = { path: inRuntime('state.json'), log };
  const found = findWarmState(warm, world.uid);
  const store = createCredentialStore({
    clock,
    random,
    stability: settings.policy.staticStability,
    // Seconds since boot: also where the stored state was lost, a restart begins above what readers have seen.
    firstGeneration: Math.max(found.generation ?? 0, Math.floor(world.boot.uptimeSeconds())),
    onListenerError: (error) => log.error('A surface could not be updated', { because: String(error) }),
  });
  const { connectTimeout: connectTimeoutMs, requestTimeout: requestTimeoutMs } = settings.imds;
  const timeouts = { connectTimeoutMs, requestTimeoutMs };
  const source = createCredentialSource({
    ...settings.imds,
    ...world,
    requestTimeoutMs,
    transportFor: (origin) =>
      createUndiciTransport({ origin, ...timeouts, clock: world.networkClock, version: world.version }),
  });
  const refresher = createRefresher({
    source,
    store,
    clock,
    random,
    log,
    pace: { checkIntervalMs: settings.imds.checkInterval },
  });

  const status = () =>
    statusDocument({
      version: world.version,
      pid: world.pid,
      started,
      imdsEndpoint: settings.imds.endpoint,
      runtimeDirectory,
      clock,
      state: store.state,
      nextCheckAt: refresher.nextCheckAt,
    });
  const isServing = () => store.reader.read().held !== undefined;
  const server = createHttpSurface(
    agentEndpoint({
      reader: store.reader,
      status,
      isAlive: () => clock.monotonic() - refresher.lastBeat() < LOOP_OVERDUE_MS,
      isReady: () => settings.policy.ready === 'listening' || isServing(),
    }),
  );

  // The socket is also the lock: only who holds it may write the files beside it.
  const releaseSocket = await listenOnSocketFile(server, socketPath, {
    mode: settings.agentSocket.mode,
    gid,
  });
  const processFile = createProcessFile({
    path: inRuntime('credential-process.json'),
    mode: 0o640,
    gid,
    boot: world.boot,
  });
  const closing = new AbortController();
  const ready = readiness();
  store.subscribe(createJournal(log, clock));
  const stopShowing = store.subscribe(({ served, servedForMs }) => processFile.show(served, servedForMs));
  store.subscribe(keepWarm(warm));
  takeUpWarmState(store, found, settings.imds.role, clock);
  refresher.start();
  log.info('Listening', { socket: socketPath, imds: settings.imds.endpoint });

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
    await pause(
      world.networkClock,
      WAIT_FOR_CREDENTIALS_MS,
      AbortSignal.any([served.signal, closing.signal]),
    );
    stop();
    return served.signal.aborted ? 'credentials' : 'waiting';
  }

  async function close(): Promise<void> {
    closing.abort();
    await refresher.stop();
    stopShowing();
    processFile.show(undefined, 0);
    await closeHttpSurface(server, CLOSE_GRACE_MS, world.networkClock.setTimer);
    releaseSocket();
    log.info('Stopped');
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
