import { once } from 'node:events';
import { type Agent, startAgent } from '../agent.ts';
import { takeInheritedSockets } from '../platform/inherited-sockets.ts';
import { type AgentLog, createLog, logFormat } from '../platform/log.ts';
import { takeServiceManager } from '../platform/service-manager.ts';
import { SocketInUseError } from '../platform/unix-socket.ts';
import { type AgentOptions, type AgentSettings, readAgentSettings } from './agent-settings.ts';
import type { CommandWorld } from './command-world.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { reloader } from './reload.ts';
import { createService, heartbeatFor, type Service } from './service.ts';

/** `rolekeeper serve`: the agent in the foreground, until a signal ends it. */
export async function serve(options: AgentOptions, world: CommandWorld): Promise<ExitCode> {
  return runAgent(await readAgentSettings(options, world), world, (agent, log, service) => {
    world.onHangup?.(reloader({ agent, options, world, log, service }));
  });
}

/** Runs the agent with settings that were read before. `onStarted` is called once it listens. */
export async function runAgent(
  read: AgentSettings,
  world: CommandWorld,
  onStarted: (agent: Agent, log: AgentLog, service: Service) => void,
): Promise<ExitCode> {
  if (!read.ok) {
    for (const error of read.errors) world.stderr.write(`rolekeeper: ${error}\n`);
    return EXIT.usage;
  }
  const { settings, runtimeDirectory } = read;
  const { level, format } = settings.log;
  const { env, clock, stderr: stream } = world;
  const log = createLog({ level, format: logFormat(format, env), clock, stream, isLimited: true });
  let agent: Agent;
  let service: Service;
  try {
    const manager = takeServiceManager(world.env, world.pid);
    service = createService(manager, world.clock, log);
    const heartbeat = manager && heartbeatFor(manager, settings.imds.requestTimeout);
    const inherited = takeInheritedSockets(world.env, world.pid);
    const networkClock = world.clock;
    const { clock, boot, random, uid, pid, version, env } = world;
    const facts = { clock, networkClock, boot, random, uid, pid, version, env };
    agent = await startAgent(settings, runtimeDirectory, { ...facts, log, inherited, heartbeat });
  } catch (error) {
    log.error((error as Error).message);
    return error instanceof SocketInUseError ? EXIT.alreadyRunning : EXIT.failure;
  }
  service.follow(agent);
  onStarted(agent, log, service);
  void agent.ready.then((how) => log.info('Ready', { how }));
  if (!world.stop.aborted) await once(world.stop, 'abort');
  service.stopping();
  log.info('Stopping', { signal: String(world.stop.reason) });
  await agent.close();
  return EXIT.ok;
}
