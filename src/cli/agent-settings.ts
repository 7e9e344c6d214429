import type { Command } from 'commander';
import { formatConfigError } from '../config/config-error.ts';
import { loadSettings } from '../config/load.ts';
import type { Flags, Origins } from '../config/resolve.ts';
import { agentRuntimeDirectory } from '../config/runtime-directory.ts';
import { allSettings, camelCase, type Settings } from '../config/settings.ts';
import type { CommandWorld } from './command-world.ts';

export interface AgentOptions {
  readonly config?: string;
  readonly runtimeDir?: string;
  readonly [flag: string]: string | undefined;
}

export type AgentSettings =
  | {
      readonly ok: true;
      readonly settings: Settings;
      readonly origins: Origins;
      readonly runtimeDirectory: string;
    }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Adds `--config`, `--runtime-dir` and a flag for every setting. */
export function withAgentOptions(command: Command): Command {
  command
    .option('--config <file>', 'configuration file (default: /etc/rolekeeper/config.toml)')
    .option('--runtime-dir <dir>', 'directory of the socket and of all runtime state');
  for (const { flag, name, doc, default: value } of allSettings) {
    command.option(`${flag} <${name.replaceAll('_', '-')}>`, `${doc} (default: ${value || 'none'})`);
  }
  return command;
}

/** Flags, variables, file and defaults, in one; or everything that is wrong with them, a line each. */
export async function readAgentSettings(options: AgentOptions, world: CommandWorld): Promise<AgentSettings> {
  const flags: Flags = Object.fromEntries(
    allSettings.map(({ key, flag }) => [key, options[camelCase(flag.slice(2).replaceAll('-', '_'))]]),
  );
  const result = await loadSettings({ configPath: options.config, env: world.env, flags });
  const directory = agentRuntimeDirectory({ flag: options.runtimeDir, env: world.env, uid: world.uid });
  if (result.ok && directory.ok) {
    const { settings, origins } = result;
    return { ok: true, settings, origins, runtimeDirectory: directory.path };
  }
  const errors = result.ok ? [] : result.errors.map(formatConfigError);
  return { ok: false, errors: directory.ok ? errors : [...errors, directory.error] };
}
