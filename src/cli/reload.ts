import type { Agent } from '../agent.ts';
import type { Log } from '../domain/ports.ts';
import { type AgentLog, logFormat } from '../platform/log.ts';
import { type AgentOptions, readAgentSettings } from './agent-settings.ts';
import type { CommandWorld } from './command-world.ts';
import type { Service } from './service.ts';

export interface ReloadParts {
  readonly agent: Pick<Agent, 'reload'>;
  readonly options: AgentOptions;
  readonly world: CommandWorld;
  readonly log: AgentLog;
  readonly service: Service;
}

/**
 * Reads the configuration again, applies what can be applied, and says what needs more than that. With anything wrong in
 * it, everything stays as it is. Returns the way to ask for it: requests that come while one is under way are one more.
 */
export function reloader(parts: ReloadParts): () => void {
  let waiting = 0;
  return () => {
    waiting += 1;
    if (waiting === 1) void run();
  };

  async function run(): Promise<void> {
    while (waiting > 0) {
      const taken = waiting;
      await reload(parts);
      waiting -= taken;
    }
  }
}

async function reload({ agent, options, world, log, service }: ReloadParts): Promise<void> {
  service.reloading();
  const problem = await apply();
  service.reloaded(problem);

  async function apply(): Promise<string | undefined> {
    const read = await readAgentSettings(options, world);
    if (!read.ok) return kept(read.errors, log);
    try {
      const { settings, applied, needsRestart, needsNetworkReload } = await agent.reload(read.settings);
      log.adjust({ level: settings.log.level, format: logFormat(settings.log.format, world.env) });
      log.info('Configuration reloaded', { applied: applied.join(' ') || 'nothing' });
      if (needsRestart.length > 0) {
        log.warn('Some changes need a restart: systemctl restart rolekeeper, which refuses no connection', {
          keys: needsRestart.join(' '),
        });
      }
      if (needsNetworkReload.length > 0) {
        log.warn('Some changes are for the packet rules: systemctl reload rolekeeper-network', {
          keys: needsNetworkReload.join(' '),
        });
      }
      return undefined;
    } catch (error) {
      return kept([(error as Error).message], log);
    }
  }
}

function kept(errors: readonly string[], log: Log): string {
  for (const because of errors) {
    log.error(
      'The configuration is not reloaded and the one from before stays in force: correct it, and reload again',
      {
        because,
      },
    );
  }
  return errors.join('; ');
}
