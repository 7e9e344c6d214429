/** What a `[[files]]` section may hold. There can be many of them, so they have no flags and no variables. */
import { command, filePath, profileName } from './file-sink-values.ts';
import type { CamelCase } from './setting.ts';
import { privateFileMode } from './socket-values.ts';
import { group, owner } from './user-values.ts';
import { durationBetween, oneOf, type ValueType } from './value-types.ts';

export interface FileSinkSetting<T> {
  readonly type: ValueType<T>;
  /** As one would write it in a flag; undefined: it has to be given. */
  readonly default: string | undefined;
  /** Shown in the default file where there is no default. */
  readonly example?: string;
  /** One sentence; the type's rule is printed beside it. */
  readonly doc: string;
}

export const fileSinkTable = {
  format: row({
    type: oneOf('shared-credentials', 'credential-process', 'env'),
    default: undefined,
    example: 'shared-credentials',
    doc: "What is written: an AWS profile, one line as credential_process prints it, or variables for systemd's EnvironmentFile and for sh.",
  }),
  path: row({
    type: filePath,
    default: undefined,
    example: '/run/rolekeeper/credentials',
    doc: "Where; its directory has to exist, and only root, the agent's user and the owner may own it and those above.",
  }),
  profile: row({
    type: profileName,
    default: 'default',
    doc: 'The profile that is written, with shared-credentials; every other byte of the file stays as it is.',
  }),
  mode: row({
    type: privateFileMode,
    default: '0640',
    doc: "The file's permission bits.",
  }),
  owner: row({
    type: owner,
    default: '',
    doc: "The file's owner; only an agent that runs as root can give a file away.",
  }),
  group: row({
    type: group,
    default: 'rolekeeper',
    doc: "The file's group.",
  }),
  on_change: row({
    type: command,
    default: '',
    doc: 'What to run once after each change of the access key, such as ["systemctl", "try-reload-or-restart", "example.service"].',
  }),
  on_change_timeout: row({
    type: durationBetween('1s', '10m'),
    default: '30s',
    doc: 'How long that may take before it is ended.',
  }),
  at_withdrawal: row({
    type: oneOf('remove', 'keep'),
    default: 'remove',
    doc: 'What becomes of the credentials in the file when they have expired or their role is gone; keep leaves ones that AWS refuses.',
  }),
  at_stop: row({
    type: oneOf('keep', 'remove'),
    default: 'keep',
    doc: 'What becomes of them when the agent stops; keep lets programs start before the agent does.',
  }),
} as const;

type Table = typeof fileSinkTable;
type ValueOf<S> = S extends FileSinkSetting<infer T> ? T : never;

/** One `[[files]]` section. Durations are milliseconds, modes numbers. */
export type FileSinkSettings = {
  readonly [Name in keyof Table as CamelCase<Name>]: ValueOf<Table[Name]>;
};

export type FileSinkSettingName = keyof Table;

export interface NamedFileSinkSetting extends FileSinkSetting<unknown> {
  readonly name: FileSinkSettingName;
}

export const fileSinkSettings: readonly NamedFileSinkSetting[] = Object.entries<FileSinkSetting<unknown>>(
  fileSinkTable,
).map(([name, each]) => ({ ...each, name: name as FileSinkSettingName }));

/** Its name in the file. */
export const FILES_SECTION = 'files';

/** Checks a row's types and leaves it as it is. */
function row<T>(each: FileSinkSetting<T>): FileSinkSetting<T> {
  return each;
}
