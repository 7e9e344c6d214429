import { type ExportFormat, exportText, isProfileName, UnfitValueError } from '../domain/export-formats.ts';
import { type AgentSocketOptions, agentSocketPath } from './agent-socket-options.ts';
import type { CommandWorld } from './command-world.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { askForSet, withRoleName } from './served-set.ts';

export interface ExportOptions extends AgentSocketOptions {
  readonly format: ExportFormat;
  /** The section's name, for `ini`. */
  readonly profile: string;
}

/**
 * `rolekeeper export`: the current set on stdout, for use outside the instance and by people. The text does not
 * refresh itself; where a program can ask for itself, `rolekeeper env` or `exec` is the better way.
 */
export async function exportSet(options: ExportOptions, world: CommandWorld): Promise<ExitCode> {
  const { stdout, stderr, clock } = world;
  if (!isProfileName(options.profile)) {
    stderr.write(
      'rolekeeper: --profile must be 1 to 64 letters, digits or any of _ - @ + . % : /, which is what every SDK reads\n',
    );
    return EXIT.usage;
  }
  const socketPath = await agentSocketPath(options, world);
  if (socketPath === undefined) return EXIT.usage;
  const served = await askForSet(socketPath, clock);
  if (!served.ok) {
    stderr.write(`rolekeeper: ${served.message}\n`);
    return served.exitCode;
  }
  try {
    const set = await withRoleName(served.set, socketPath, clock);
    stdout.write(exportText(options.format, set, options.profile));
  } catch (error) {
    if (!(error instanceof UnfitValueError)) throw error;
    stderr.write(`rolekeeper: ${error.message}\n`);
    return EXIT.failure;
  }
  if ('isTTY' in stdout && stdout.isTTY === true) stderr.write(terminalNote(options.format));
  return EXIT.ok;
}

/** Said after the fact, and only to a person: a secret on a screen stays in its scrollback. */
function terminalNote(format: ExportFormat): string {
  const better: Partial<Record<ExportFormat, string>> = {
    env: 'eval "$(rolekeeper export)" sets the variables without showing them',
    fish: 'rolekeeper export --format fish | source sets the variables without showing them',
    powershell:
      'rolekeeper export --format powershell | Out-String | Invoke-Expression sets the variables without showing them',
  };
  const hint = better[format] ?? 'send the output to a file or a program';
  return `rolekeeper: these secrets are now in this terminal's scrollback; ${hint}\n`;
}
