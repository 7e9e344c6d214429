/** `rolekeeper config …`: the configuration, told and checked. None of it touches the agent. */
import { existsSync } from 'node:fs';
import { resolveRules } from '../agent-rules.ts';
import { formatConfigError } from '../config/config-error.ts';
import { loadSettings } from '../config/load.ts';
import { explainSettings, renderDefaultConfig } from '../config/render.ts';
import { clientRuntimeDirectory } from '../config/runtime-directory.ts';
import { ruleMeaning, surfaceMeaning } from '../domain/access-words.ts';
import { surfaceNames } from '../domain/caller.ts';
import { isProfileName } from '../domain/export-formats.ts';
import type { CommandWorld } from './command-world.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { helperCommand } from './helper-command.ts';

export interface ProfileOptions {
  readonly name: string;
  readonly runtimeDir?: string;
}

export interface FileOption {
  readonly config?: string;
}

/** `config profile`: a section for `~/.aws/config`, ready to paste. */
export function configProfile(options: ProfileOptions, { env, stdout, stderr }: CommandWorld): ExitCode {
  const directory = clientRuntimeDirectory({ flag: options.runtimeDir, env, exists: existsSync });
  if (!directory.ok) return refuse(directory.error);
  if (!isProfileName(options.name)) {
    return refuse('--name must be 1 to 64 letters, digits or any of _ - @ + . % : /, which every SDK reads.');
  }
  const command = helperCommand(directory.path, existsSync);
  if (command === undefined) {
    return refuse(
      `A credential_process line cannot hold the path ${JSON.stringify(directory.path)} or the helper's own: some SDKs run it without a shell and know no escapes. Use directories named with letters, digits and blanks.`,
    );
  }
  // In the config file every section but the default one says "profile".
  const section = options.name === 'default' ? 'default' : `profile ${options.name}`;
  stdout.write(`[${section}]\ncredential_process = ${command}\n`);
  return EXIT.ok;

  function refuse(message: string): ExitCode {
    stderr.write(`rolekeeper: ${message}\n`);
    return EXIT.usage;
  }
}

/** `config default`: the file that changes nothing, with every key explained. */
export function configDefault({ stdout }: CommandWorld): ExitCode {
  stdout.write(renderDefaultConfig());
  return EXIT.ok;
}

/**
 * `config check`: everything that is wrong with the file and with the variables that override it; or what its rules mean,
 * a sentence each, and `ok`.
 */
export async function configCheck(options: FileOption, world: CommandWorld): Promise<ExitCode> {
  const loaded = await load(options, world);
  if (loaded === undefined) return EXIT.usage;
  const { rules, errors } = resolveRules(loaded.settings.rules);
  for (const error of errors) world.stderr.write(`rolekeeper: ${error}\n`);
  if (errors.length > 0) return EXIT.usage;
  if (rules.length > 0) {
    for (const rule of rules) world.stdout.write(`${rule.place}: ${ruleMeaning(rule)}\n`);
    for (const surface of surfaceNames) world.stdout.write(`${surfaceMeaning(rules, surface)}\n`);
  }
  world.stdout.write('ok\n');
  return EXIT.ok;
}

/** `config show`: every setting in force, and where its value comes from. */
export async function configShow(options: FileOption, world: CommandWorld): Promise<ExitCode> {
  const loaded = await load(options, world);
  if (loaded === undefined) return EXIT.usage;
  world.stdout.write(explainSettings(loaded.settings, loaded.origins));
  return EXIT.ok;
}

/** Undefined after every error was told, a line each. */
async function load({ config }: FileOption, { env, stderr }: CommandWorld) {
  const result = await loadSettings({ configPath: config, env, flags: {} });
  if (result.ok) return result;
  for (const error of result.errors) stderr.write(`rolekeeper: ${formatConfigError(error)}\n`);
  return undefined;
}
