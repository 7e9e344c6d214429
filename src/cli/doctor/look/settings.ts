import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { resolveRules } from '../../../agent-rules.ts';
import { clientRuntimeDirectory } from '../../../config/runtime-directory.ts';
import type { Settings } from '../../../config/settings.ts';
import { type AgentOptions, type AgentSettings, readAgentSettings } from '../../agent-settings.ts';
import type { Machine } from '../machine.ts';

/** The configuration as an agent would read it, and what the rest of the examination goes by. */
export interface SettingsSeen {
  /** Everything that is wrong, a line each. */
  readonly errors: readonly string[];
  /** The file, where this user may not read it. */
  readonly closedFile: string | undefined;
  /** Undefined: wrong, or not to be read. What depends on them is not judged then. */
  readonly settings: Settings | undefined;
  /** Where IMDS is, in that case without the file's word; undefined: flags or variables are wrong, too. */
  readonly imds: Settings['imds'] | undefined;
  readonly runtimeDirectory: string;
  readonly socketPath: string;
}

export async function lookAtSettings(options: AgentOptions, machine: Machine): Promise<SettingsSeen> {
  const directory = clientRuntimeDirectory({
    flag: options.runtimeDir,
    env: machine.env,
    exists: existsSync,
  });
  const runtimeDirectory = directory.ok ? directory.path : '/run/rolekeeper';
  const file = options.config ?? machine.defaultConfigPath;
  const closedFile = machine.isClosed(file) ? file : undefined;
  const asWritten = await read(closedFile === undefined ? file : '/dev/null');
  const withoutFile = asWritten.ok ? asWritten : await read('/dev/null');
  const errors = [
    ...(directory.ok ? [] : [directory.error]),
    ...(asWritten.ok ? resolveRules(asWritten.settings.rules).errors : asWritten.errors),
  ];
  const path = withoutFile.ok ? withoutFile.settings.agentSocket.path : 'agent.sock';
  return {
    errors,
    closedFile,
    settings: asWritten.ok && closedFile === undefined ? asWritten.settings : undefined,
    imds: withoutFile.ok ? withoutFile.settings.imds : undefined,
    runtimeDirectory,
    socketPath: isAbsolute(path) ? path : join(runtimeDirectory, path),
  };

  function read(config: string): Promise<AgentSettings> {
    // No file at its default place is as good as one.
    const isAbsent = options.config === undefined && !existsSync(config);
    return readAgentSettings(
      { ...options, config: isAbsent ? '/dev/null' : config, runtimeDir: runtimeDirectory },
      machine,
    );
  }
}
