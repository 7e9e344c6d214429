/** The composition: the core, the surfaces around it, and the order in which they start and close. */
import { groupOf } from './agent-accounts.ts';
import { type CoreWorld, createAgentCore, firstCredentials } from './agent-core.ts';
import { type AgentStatus, createAgentStatus } from './agent-status.ts';
import { openSurfaces, type Surfaces } from './agent-surfaces.ts';
import { planReload, type Reload } from './config/reload.ts';
import type { Settings } from './config/settings.ts';
import { createHttpTransport } from './imds/http-transport.ts';
import { systemFiles } from './platform/files.ts';
import type { InheritedSockets } from './platform/inherited-sockets.ts';
import { makeRuntimeDirectory } from './platform/runtime-directory.ts';

/** What the agent needs of the machine. */
export interface AgentWorld extends Omit<CoreWorld, 'files' | 'transportFor'> {
  readonly pid: number;
  readonly version: string;
  /** Sockets that a service manager has bound before; default: none. */
  readonly inherited?: InheritedSockets;
  /** What commands of `on_change` are given a few variables of. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface Agent extends Pick<Surfaces, 'socketPath' | 'containerUrl' | 'imdsUrl' | 'metricsUrl'> {
  readonly status: AgentStatus['status'];
  /**
   * When the service manager may be told that the agent is ready, as `policy.ready` defines it: `waiting` when
   * there was still no usable set after 15 s, so that no boot hangs on an instance without a role.
   */
  readonly ready: Promise<'credentials' | 'listening' | 'waiting'>;
  checkNow(): void;
  /** Tells the listener after each change of state and each check. */
  onChange(listener: () => void): void;
  /**
   * Applies what can be changed while it runs, and checks IMDS now. Rejects, with nothing changed, where something is
   * named that this machine does not have.
   */
  reload(next: Settings): Promise<Reload>;
  /** Ends everything. What a restart needs stays in the runtime directory; nothing else does. */
  close(): Promise<void>;
}

export async function startAgent(
  settings: Settings,
  runtimeDirectory: string,
  world: AgentWorld,
): Promise<Agent> {
  const { networkClock, log, version } = world;
  const { connectTimeout: connectTimeoutMs, requestTimeout: requestTimeoutMs, endpoint } = settings.imds;
  let running = settings;
  makeRuntimeDirectory(runtimeDirectory);
  const core = createAgentCore(settings, runtimeDirectory, groupOf(settings.agentSocket.group, log), {
    ...world,
    files: systemFiles,
    transportFor: (origin) =>
      createHttpTransport({ origin, connectTimeoutMs, requestTimeoutMs, clock: networkClock, version }),
  });
  let surfaces: Surfaces | undefined;
  const told = createAgentStatus(
    () => running,
    runtimeDirectory,
    core,
    world,
    () => surfaces,
  );
  // While IMDS thinks, the surfaces are opened.
  core.refresher.prepare();
  const openWorld = { inherited: new Map(), env: {}, ...world };
  const opened = await openSurfaces(settings, runtimeDirectory, core, told, openWorld).catch(giveUp);
  surfaces = opened;
  const closing = new AbortController();
  const ready =
    settings.policy.ready === 'listening'
      ? Promise.resolve('listening' as const)
      : firstCredentials(core, networkClock, closing.signal);
  core.start();
  const { socketPath, containerUrl, imdsUrl, metricsUrl } = opened;
  const urls = { container: containerUrl, metadata: imdsUrl, metrics: metricsUrl };
  log.info('Listening', { socket: socketPath, ...urls, imds: endpoint });

  let closed: Promise<void> | undefined;
  return {
    socketPath,
    containerUrl,
    imdsUrl,
    metricsUrl,
    status: told.status,
    ready,
    checkNow: core.refresher.checkNow,
    onChange: (listener) => void core.store.subscribe(listener),
    async reload(next) {
      const plan = planReload(running, next);
      await opened.reload(plan.settings);
      core.reload(plan.settings);
      running = plan.settings;
      return plan;
    },
    close() {
      closed ??= close();
      return closed;
    },
  };

  async function giveUp(error: unknown): Promise<never> {
    await core.stop();
    throw error;
  }

  async function close(): Promise<void> {
    closing.abort();
    await core.stop();
    await opened.close();
    log.info('Stopped');
  }
}
