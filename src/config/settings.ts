/**
 * Every setting there is. Defaults, bounds, variables, flags, the file's keys, the help and the type `Settings` are all
 * derived from this table: a new setting is one entry here. Only what can be there several times has a table of its own:
 * `[[files]]` in `file-sink-settings.ts`, `[[allow]]` and `[[deny]]` in `rule-settings.ts`.
 *
 * A setting's value comes from the first of: its flag (`--imds-endpoint`), its `ROLEKEEPER_*` variable
 * (`ROLEKEEPER_IMDS_ENDPOINT`), AWS's own variable, the file, its default. A variable set to nothing counts as not set.
 *
 * AWS_EC2_METADATA_DISABLED is not among them: it tells SDKs to leave IMDS alone, often so that they use rolekeeper
 * instead; rolekeeper is what reads IMDS for them.
 */
import { awsSeconds } from './aws-seconds.ts';
import type { FileSinkSettings } from './file-sink-settings.ts';
import { awsEndpointMode, httpOrigin, imdsEndpoint } from './imds-endpoint.ts';
import { authorization, listenAddress, optionalListenAddress } from './listener-values.ts';
import type { RuleSettings } from './rule-settings.ts';
import { type CamelCase, flagName, type Setting, setting, variableName } from './setting.ts';
import { privateMode, roleName, socketPath } from './socket-values.ts';
import { group, user, users } from './user-values.ts';
import { durationBetween, oneOf, trueOrFalse, wholeNumber } from './value-types.ts';

export { camelCase, variableName } from './setting.ts';

export const settingTable = {
  imds: {
    endpoint: setting({
      type: imdsEndpoint,
      default: 'auto',
      doc: 'Where IMDS is: auto finds out whether it answers over IPv4 or IPv6.',
      aws: [
        { name: 'AWS_EC2_METADATA_SERVICE_ENDPOINT', type: httpOrigin },
        { name: 'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE', type: awsEndpointMode },
      ],
    }),
    connect_timeout: setting({
      type: durationBetween('10ms', '10s'),
      default: '1s',
      doc: 'How long a connection to IMDS may take to be made; left at its default, it is never more than request_timeout.',
    }),
    request_timeout: setting({
      type: durationBetween('10ms', '30s'),
      default: '2s',
      doc: 'How long one request to IMDS may take in all, connecting included; not shorter than connect_timeout.',
      aws: [{ name: 'AWS_METADATA_SERVICE_TIMEOUT', type: awsSeconds('10ms', '30s') }],
    }),
    check_interval: setting({
      changes: 'by-reload',
      type: durationBetween('100ms', '1h'),
      default: '60s',
      doc: 'How often IMDS is asked for a newer set while all is well; a rotated or replaced role is noticed within it.',
    }),
    role: setting({
      type: roleName,
      default: '',
      doc: 'Serve only this role, and nothing while another one is attached.',
      aws: [{ name: 'AWS_EC2_INSTANCE_PROFILE_NAME', type: roleName }],
    }),
    attempts: setting({
      type: wholeNumber(1, 10),
      default: '3',
      doc: 'How many times one request to IMDS is tried, the first time included.',
      aws: [{ name: 'AWS_METADATA_SERVICE_NUM_ATTEMPTS', type: wholeNumber(1, 10) }],
      notInFile: true,
    }),
  },
  policy: {
    static_stability: setting({
      type: oneOf('imds', 'always', 'never'),
      default: 'imds',
      doc: 'Whether an expired set is served for longer: imds while IMDS itself still hands it out, always also while IMDS does not answer.',
    }),
    ready: setting({
      changes: 'by-reload',
      type: oneOf('credentials', 'listening'),
      default: 'credentials',
      doc: 'When the service manager is told that the agent is ready: with the first usable set (or 15s after the start, waiting), or as soon as it listens.',
    }),
  },
  agent_socket: {
    path: setting({
      type: socketPath,
      default: 'agent.sock',
      doc: 'The Unix socket on which the agent answers.',
    }),
    mode: setting({
      type: privateMode,
      default: '0660',
      doc: "The socket's permission bits: who may write to it gets the credentials.",
    }),
    group: setting({
      type: group,
      default: 'rolekeeper',
      doc: "The socket's group.",
    }),
  },
  line_socket: {
    enabled: setting({
      type: trueOrFalse,
      default: 'false',
      doc: 'Whether each connection to the line socket is given one credential_process line and closed, for programs that can only read.',
    }),
    path: setting({
      type: socketPath,
      default: 'credentials.sock',
      doc: 'The Unix socket that gives the line.',
    }),
    mode: setting({
      type: privateMode,
      default: '0660',
      doc: "The socket's permission bits: who may write to it gets the credentials.",
    }),
    group: setting({
      type: group,
      default: 'rolekeeper',
      doc: "The socket's group.",
    }),
  },
  container_endpoint: {
    enabled: setting({
      type: trueOrFalse,
      default: 'true',
      doc: 'Whether AWS SDKs are served where AWS_CONTAINER_CREDENTIALS_FULL_URI points them to.',
    }),
    listen: setting({
      type: listenAddress,
      default: '127.0.0.1:9911',
      doc: 'Where it listens; a port of 0 is any that is free.',
    }),
    authorize: setting({
      type: authorization,
      default: 'token',
      doc: "What a caller has to show: token is the content of the runtime directory's container-token; user needs nothing but an [[allow]] that names its user or group, for programs that cannot send a token.",
    }),
  },
  imds_endpoint: {
    enabled: setting({
      type: trueOrFalse,
      default: 'false',
      doc: 'Whether programs that know only IMDS are served where AWS_EC2_METADATA_SERVICE_ENDPOINT points them to.',
    }),
    listen: setting({
      type: listenAddress,
      default: '127.0.0.1:9912',
      doc: 'Where it listens; a port of 0 is any that is free.',
    }),
    tokenless_users: setting({
      changes: 'by-reload',
      type: users,
      default: '',
      doc: 'Whose programs may read without a token first, as IMDSv1 allowed.',
    }),
  },
  metrics: {
    listen: setting({
      type: optionalListenAddress,
      default: '',
      doc: 'Where metrics are served over TCP besides on the agent socket, as 127.0.0.1:9913; nowhere if empty.',
    }),
  },
  network: {
    lockdown: setting({
      changes: 'by-network-reload',
      type: trueOrFalse,
      default: 'true',
      doc: "Whether rolekeeper network apply leaves IMDS to the agent's user alone and refuses everybody else, root included.",
    }),
    agent_user: setting({
      changes: 'by-network-reload',
      type: user,
      default: 'rolekeeper',
      doc: 'The user that the agent runs as: the one that still reaches IMDS.',
    }),
    redirect_users: setting({
      changes: 'by-network-reload',
      type: users,
      default: '',
      doc: 'Whose requests for IMDS go to the IMDS-compatible endpoint, without a word to their programs.',
    }),
    containers: setting({
      changes: 'by-network-reload',
      type: oneOf('refuse', 'allow'),
      default: 'refuse',
      doc: 'What a lockdown does with requests that this machine only passes on, as those of containers with a network of their own.',
    }),
  },
  log: {
    level: setting({
      changes: 'by-reload',
      type: oneOf('error', 'warn', 'info', 'debug'),
      default: 'info',
      doc: 'The least important lines that are still written.',
    }),
    format: setting({
      changes: 'by-reload',
      type: oneOf('auto', 'json', 'text'),
      default: 'auto',
      doc: "How lines are written: auto is text, with the journal's priorities under systemd.",
    }),
  },
} as const;

type Table = typeof settingTable;
type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** Every setting's value, as in `settings.agentSocket.mode`. Durations are milliseconds, modes numbers. */
export type Settings = {
  readonly [Section in keyof Table as CamelCase<Section>]: {
    readonly [Name in keyof Table[Section] as CamelCase<Name & string>]: ValueOf<Table[Section][Name]>;
  };
} & {
  /** The `[[files]]` of the file, in its order. */
  readonly files: readonly FileSinkSettings[];
  /** The `[[allow]]` and `[[deny]]` of the file, in its order. */
  readonly rules: readonly RuleSettings[];
};

/** As in `agent_socket.mode`. */
export type SettingKey = {
  [Section in keyof Table]: `${Section}.${keyof Table[Section] & string}`;
}[keyof Table];

/** A row of the table with its names. */
export interface NamedSetting extends Setting<unknown> {
  readonly key: SettingKey;
  readonly section: string;
  readonly name: string;
  readonly flag: string;
  readonly variable: string;
}

export const allSettings: readonly NamedSetting[] = Object.entries(settingTable).flatMap(([section, rows]) =>
  Object.entries<Setting<unknown>>(rows).map(([name, row]) => {
    const key = `${section}.${name}` as SettingKey;
    return { ...row, key, section, name, flag: flagName(key), variable: variableName(key) };
  }),
);

export const sectionNames: readonly string[] = Object.keys(settingTable);

/** The settings of a section that the file may hold; none for a section that does not exist. */
export function fileSettingsOf(section: string): readonly NamedSetting[] {
  return allSettings.filter((row) => row.section === section && row.notInFile === undefined);
}
