import { SYSTEM_RUNTIME_DIRECTORY } from '../config/runtime-directory.ts';
import { checkoutHelper, ownCommand } from './own-command.ts';

const INSTALLED = '/usr/libexec/rolekeeper/credential-process';

/**
 * The command line for `credential_process`: the installed helper, else this checkout's, else this program itself.
 * Undefined where a path in it could not be written so that every SDK runs the same: botocore splits the line itself,
 * most hand it to a shell, and the SDK for JavaScript ends a value at a blank before `#` or `;`.
 */
export function helperCommand(
  runtimeDirectory: string,
  exists: (path: string) => boolean,
): string | undefined {
  const helper = exists(INSTALLED) ? INSTALLED : checkoutHelper;
  const command = helper === undefined ? [...ownCommand(), 'credential-process'] : [helper];
  const words =
    runtimeDirectory === SYSTEM_RUNTIME_DIRECTORY
      ? command
      : ['/usr/bin/env', `ROLEKEEPER_RUNTIME_DIR=${runtimeDirectory}`, ...command];
  if (!words.every((word) => /^[\w/.,:=@%+~ -]+$/.test(word))) return undefined;
  return words.map((word) => (/[ ~]/.test(word) ? `"${word}"` : word)).join(' ');
}
