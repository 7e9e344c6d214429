import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';
import { clientRuntimeDirectory } from '../config/runtime-directory.ts';

export type FoundSocket =
  | {
      readonly socketPath: string;
      /** The runtime directory. */
      readonly directory: string;
      /** Whether the socket is the one that agents have in there unless they are told otherwise. */
      readonly isOwn: boolean;
    }
  | { readonly error: string }
  | { readonly help: string };

const OWN_SOCKET = 'agent.sock';

const HELP = `Usage: rolekeeper credential-process [--runtime-dir DIR] [--config FILE]

Prints the role's credentials as one line of JSON, for credential_process in an AWS profile.
Exit codes: 3 no agent, 4 not permitted, 5 no role, 6 no credentials now, 7 no answer in 2 s.
`;

/**
 * Where a client finds the agent socket. The configuration is only read where it is named: its default is where the
 * agent listens unless told otherwise, and reading it would take longer than the question itself.
 */
export async function locateAgentSocket(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<FoundSocket> {
  const options = readOptions(args);
  if ('error' in options) return options;
  if (options.help) return { help: HELP };
  const directory = clientRuntimeDirectory({ flag: options['runtime-dir'], env, exists: existsSync });
  if (!directory.ok) return directory;
  const path = await configuredPath(options.config, env);
  if (typeof path !== 'string') return path;
  const socketPath = isAbsolute(path) ? path : join(directory.path, path);
  return { socketPath, directory: directory.path, isOwn: path === OWN_SOCKET };
}

function readOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'runtime-dir': { type: 'string' },
        config: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    return { error: `${(error as Error).message}. See rolekeeper credential-process --help` };
  }
}

async function configuredPath(
  configPath: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<string | { error: string }> {
  const named = env.ROLEKEEPER_AGENT_SOCKET_PATH;
  if (configPath === undefined) return named === undefined || named === '' ? OWN_SOCKET : named;
  const { loadSettings } = await import('../config/load.ts');
  const { formatConfigError } = await import('../config/config-error.ts');
  const result = await loadSettings({ configPath, env, flags: {} });
  if (result.ok) return result.settings.agentSocket.path;
  return { error: result.errors.map(formatConfigError).join('; ') };
}
