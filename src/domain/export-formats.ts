/**
 * One set as text that another program takes up: shells, INI files, JSON readers. Pure; every value is quoted by the
 * rules of its own syntax, so that no content, however hostile, becomes anything but a value.
 */
import type { Credentials } from './credentials.ts';
import type { EpochMs } from './ports.ts';
import { formatTimestamp } from './timestamps.ts';
import { credentialProcessJson } from './wire-formats.ts';

/** What is exported, and what may be said about it. */
export interface ExportedSet {
  readonly credentials: Credentials;
  /** What consumers are told: the true expiration, or later while static stability extends it. */
  readonly advertisedExpiration: EpochMs;
  readonly accountId: string | undefined;
  readonly roleName: string | undefined;
}

export type ExportFormat = (typeof exportFormats)[number];

export const exportFormats = ['env', 'json', 'ini', 'powershell', 'fish'] as const;

/** A value that the asked-for syntax cannot hold. The message names the part, never the value. */
export class UnfitValueError extends Error {
  override readonly name = 'UnfitValueError';
}

/**
 * The whole text, with a line break at its end. `profile` is the section's name in `ini`; see `isProfileName`.
 * Throws an `UnfitValueError`.
 */
export function exportText(format: ExportFormat, set: ExportedSet, profile = 'default'): string {
  switch (format) {
    case 'env':
      return shellText(
        set,
        (name, value) => `export ${name}=${quoteForShell(value)};`,
        (name) => `unset ${name};`,
      );
    case 'fish':
      return shellText(
        set,
        (name, value) => `set -gx ${name} ${quoteForFish(value)};`,
        (name) => `set -e ${name};`,
      );
    case 'powershell':
      return shellText(
        set,
        (name, value) => `$Env:${name} = ${quoteForPowerShell(value)}`,
        (name) => `Remove-Item -ErrorAction Ignore Env:${name}`,
      );
    case 'ini':
      return iniText(set, profile);
    case 'json':
      return jsonText(set);
  }
}

/**
 * The variables that AWS's SDKs and CLI read a set from, in one order for every format. Undefined: the variable must
 * not be set, or it would say something of another set.
 */
export function environmentOf(
  set: ExportedSet,
): readonly (readonly [name: string, value: string | undefined])[] {
  const { accessKeyId, secretAccessKey, sessionToken } = set.credentials;
  return [
    ['AWS_ACCESS_KEY_ID', accessKeyId],
    ['AWS_SECRET_ACCESS_KEY', secretAccessKey.reveal()],
    ['AWS_SESSION_TOKEN', sessionToken.reveal()],
    ['AWS_CREDENTIAL_EXPIRATION', formatTimestamp(set.advertisedExpiration)],
    ['AWS_ACCOUNT_ID', set.accountId],
  ];
}

/**
 * What every SDK takes as a profile's name. The narrowest is the SDK for JavaScript's parser: letters, digits and
 * `_ - @ + . % : /`. Python's configparser gives the keys of a section named DEFAULT to all the others.
 */
export function isProfileName(text: string): boolean {
  return text !== 'DEFAULT' && /^[\w@+.%:/-]{1,64}$/.test(text);
}

/** A word for POSIX shells. Single quotes hold everything but themselves. */
export function quoteForShell(text: string): string {
  return `'${withoutNul(text).replaceAll("'", "'\\''")}'`;
}

/** In fish, a backslash within single quotes stands for itself unless a quote or another backslash follows. */
export function quoteForFish(text: string): string {
  return `'${withoutNul(text).replaceAll(/[\\']/g, '\\$&')}'`;
}

/** PowerShell takes the four typographic single quotes for its own, too; each is doubled. */
export function quoteForPowerShell(text: string): string {
  return `'${withoutNul(text).replaceAll(/['\u2018-\u201b]/g, '$&$&')}'`;
}

/**
 * `eval $(…)` without quotes makes one line of it all: so statements end themselves, and the comment comes last, where
 * it swallows nothing.
 */
function shellText(
  set: ExportedSet,
  assignment: (name: string, value: string) => string,
  removal: (name: string) => string,
): string {
  const variables = environmentOf(set);
  const assignments = variables.flatMap(([name, value]) =>
    value === undefined ? [] : [assignment(name, value)],
  );
  const removals = variables.flatMap(([name, value]) => (value === undefined ? [removal(name)] : []));
  return lines(...assignments, ...removals, comment(set));
}

/** Both names of the session token: boto 2 reads only the old one, everything else the new one. */
function iniText(set: ExportedSet, profile: string): string {
  if (!isProfileName(profile)) throw new UnfitValueError('The profile name cannot stand in an INI file');
  const { accessKeyId, secretAccessKey, sessionToken } = set.credentials;
  const token = iniValue('session token', sessionToken.reveal());
  return lines(
    comment(set),
    `[${profile}]`,
    `aws_access_key_id = ${iniValue('access key id', accessKeyId)}`,
    `aws_secret_access_key = ${iniValue('secret access key', secretAccessKey.reveal())}`,
    `aws_session_token = ${token}`,
    `aws_security_token = ${token}`,
    ...(set.accountId === undefined ? [] : [`aws_account_id = ${iniValue('account id', set.accountId)}`]),
  );
}

/** INI knows no quotes, so a value is printable and without blanks, or refused: every parser reads it as it stands. */
function iniValue(part: string, value: string): string {
  if (/^[!-~]+$/.test(value) && !/^[#;]/.test(value)) return value;
  throw new UnfitValueError(
    `The ${part} has characters that an INI file cannot hold: use another --format, or see the agent's log`,
  );
}

/** As `credential_process` prints it, a member a line. */
function jsonText(set: ExportedSet): string {
  return lines(JSON.stringify(JSON.parse(credentialProcessJson(set)), undefined, 2));
}

/** ASCII only: Windows PowerShell reads a file without a byte order mark in the machine's old code page. */
function comment({ roleName, credentials, advertisedExpiration }: ExportedSet): string {
  const role = roleName === undefined ? '' : `role ${roleName}, `;
  const about = `${role}key id ending in ${credentials.accessKeyId.slice(-4)}, `;
  return `# ${about.replaceAll(/[^ -~]/g, '?')}expires ${formatTimestamp(advertisedExpiration)}`;
}

function lines(...all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}

/** No environment variable can hold it, and shells would cut the value there without a word. */
function withoutNul(text: string): string {
  if (!text.includes('\0')) return text;
  throw new UnfitValueError('A value has a NUL character, which no environment variable can hold');
}
