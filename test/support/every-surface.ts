/** One agent with every surface open, on a clock of the test's, and what each of them shows at a moment. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileSinkSettings } from '../../src/config/file-sink-settings.ts';
import { formatTimestamp } from '../../src/domain/timestamps.ts';
import type { IssuedSet } from '../../src/simulator/credential-set.ts';
import { rolekeeper, run } from './child.ts';
import { eventually } from './eventually.ts';
import { type Address, ask, exchange } from './raw-http.ts';
import { type MachineOptions, type SimulatedMachine, simulatedMachine } from './running-agent.ts';
import { readProcessFile } from './scenario-expect-file.ts';
import { runHelper } from './scenario-helper.ts';

/** By the surface's name: `KEY until EXPIRATION`, or how it says that there is nothing. */
export type Views = Readonly<Record<string, string>>;

export interface RefusalWords {
  /** As `503 credentials-expired`. */
  readonly http: string;
  /** As `expired credentials-expired`. */
  readonly event: string;
  readonly exitCode: number;
}

const FORMATS = ['shared-credentials', 'credential-process', 'env'] as const;
const uid = String(process.geteuid?.() ?? 0);

export function machineWithEverySurface(options: Omit<MachineOptions, 'files'> = {}) {
  return simulatedMachine({
    ...options,
    settings: {
      'container_endpoint.enabled': 'true',
      'container_endpoint.listen': '127.0.0.1:0',
      'imds_endpoint.enabled': 'true',
      'imds_endpoint.listen': '127.0.0.1:0',
      'imds_endpoint.tokenless_users': uid,
      'line_socket.enabled': 'true',
      'line_socket.group': '',
      ...options.settings,
    },
    files: (directory) => FORMATS.map((format) => fileOf(format, directory)),
  });
}

function fileOf(format: (typeof FORMATS)[number], directory: string): FileSinkSettings {
  return {
    format,
    path: join(directory, format),
    profile: 'default',
    mode: 0o600,
    owner: '',
    group: '',
    onChange: [],
    onChangeTimeout: 30_000,
    atWithdrawal: 'remove',
    atStop: 'remove',
  };
}

/** What every surface has to show while this set is served. */
export function served(set: IssuedSet, expiration = formatTimestamp(set.expiration)): Views {
  const whole = `${set.accessKeyId} until ${expiration}`;
  const everywhere = Object.fromEntries(Object.keys(SURFACES).map((name) => [name, whole]));
  return {
    ...everywhere,
    '/v1/events': `credentials …${set.accessKeyId.slice(-4)} until ${expiration}`,
    'IMDS list': set.roleName,
  };
}

/** What every surface has to show while there is nothing to serve. */
export function refused({ http, event, exitCode }: RefusalWords): Views {
  const nothing = (name: string) => {
    if (name === '/v1/events') return event;
    if (name.startsWith('file') || name === 'process file') return 'no file';
    if (name.startsWith('command') || name === 'helper') return `exit ${exitCode}`;
    return name === 'line socket' ? 'closed' : http;
  };
  return Object.fromEntries(Object.keys(SURFACES).map((name) => [name, nothing(name)]));
}

/**
 * Asks them all at this moment. Throws for anything that is not one whole set of IMDS's, or that breaks a format's rule.
 * Files are written beside everything else, so they get their time to become as `wanted`.
 */
export async function everySurface(machine: SimulatedMachine, wanted: Views, roleName = 'web') {
  const files = Object.entries(SURFACES).filter(([name]) => name.startsWith('file '));
  await eventually(() => files.every(([name, look]) => look(machine, roleName) === wanted[name])).catch(
    () => {},
  );
  const looks = Object.entries(SURFACES).map(async ([name, look]) => [name, await look(machine, roleName)]);
  return Object.fromEntries(await Promise.all(looks));
}

type Look = (machine: SimulatedMachine, roleName: string) => Promise<string> | string;

const SURFACES: Readonly<Record<string, Look>> = {
  '/v1/credentials': (machine) => overHttp(machine, agentAt(machine), '/v1/credentials'),
  '/v1/credential-process': (machine) => overHttp(machine, agentAt(machine), '/v1/credential-process'),
  '/v1/events': pollEvents,
  container: (machine) =>
    overHttp(machine, ...containerAt(machine), { Authorization: containerToken(machine) }),
  'container, bearer': (machine) =>
    overHttp(machine, ...containerAt(machine), { Authorization: `Bearer ${containerToken(machine)}` }),
  'IMDS list': async (machine) => imds(machine, '/latest/meta-data/iam/security-credentials/'),
  'IMDS document': (machine, role) => imds(machine, `/latest/meta-data/iam/security-credentials/${role}`),
  'IMDS document, dated': (machine, role) =>
    imds(machine, `/2021-03-23/meta-data/iam//security-credentials/${role}`),
  'IMDS document, tokenless': (machine, role) =>
    overHttp(machine, imdsAt(machine), `/latest/meta-data/iam/security-credentials/${role}`),
  'line socket': async (machine) => {
    const text = await exchange({ path: join(machine.runtimeDirectory, 'credentials.sock') }, '');
    return text === '' ? 'closed' : fromJson(machine, text);
  },
  'process file': (machine) => {
    const found = readProcessFile(machine);
    if (found === undefined) return 'no file';
    return found.isInTime ? fromJson(machine, found.document) : 'out of time';
  },
  helper: async (machine) => ofCommand(machine, await runHelper(machine)),
  'file shared-credentials': (machine) => fileView(machine, 'shared-credentials', fromProfile),
  'file credential-process': (machine) => fileView(machine, 'credential-process', fromJson),
  'file env': (machine) => fileView(machine, 'env', fromVariables),
  'command credential-process': (machine) => command(machine, 'credential-process'),
  'command export': (machine) => command(machine, 'export', '--format', 'json'),
  'command exec': (machine) =>
    command(machine, 'exec', '--min-remaining', '1s', '--', '/bin/sh', '-c', PRINT_ENVIRONMENT),
};

/** As `credential_process` does, so that it is read alike. */
const PRINT_ENVIRONMENT =
  'printf \'{"AccessKeyId":"%s","SecretAccessKey":"%s","SessionToken":"%s","Expiration":"%s"}\' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" "$AWS_CREDENTIAL_EXPIRATION"';

function agentAt({ runtimeDirectory }: SimulatedMachine): Address {
  return { path: join(runtimeDirectory, 'agent.sock') };
}

function containerAt(machine: SimulatedMachine): [Address, string] {
  const url = new URL(machine.agent().containerUrl ?? '');
  return [{ host: url.hostname, port: Number(url.port) }, url.pathname];
}

function imdsAt(machine: SimulatedMachine): Address {
  const { hostname, port } = new URL(machine.agent().imdsUrl ?? '');
  return { host: hostname, port: Number(port) };
}

function containerToken({ runtimeDirectory }: SimulatedMachine): string {
  return readFileSync(join(runtimeDirectory, 'container-token'), 'utf8');
}

async function imds(machine: SimulatedMachine, path: string): Promise<string> {
  const at = imdsAt(machine);
  const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': '60' };
  // Whatever there is to read: an SDK that is refused a token goes on without tokens.
  const token = await ask(at, 'PUT', '/latest/api/token', ttl);
  if (token.status !== 200 || token.headers['x-aws-ec2-metadata-token-ttl-seconds'] !== '60') {
    throw new Error(`A token request got ${token.status}`);
  }
  return overHttp(machine, at, path, { 'X-aws-ec2-metadata-token': token.body });
}

async function overHttp(
  machine: SimulatedMachine,
  at: Address,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { status, body, headers: got } = await ask(at, 'GET', path, headers);
  if (status === 503 && got['retry-after'] === undefined) throw new Error(`${path}: 503 without Retry-After`);
  if (status !== 200) return `${status} ${codeOf(body)}`;
  return body.startsWith('{') ? fromJson(machine, body) : body;
}

/** JSON in both spellings, or the word alone on the IMDS shape. */
function codeOf(body: string): string {
  if (!body.startsWith('{')) return body;
  const { code, message, Code, Message } = JSON.parse(body);
  if (code !== Code || message !== Message || !message) throw new Error(`Not in both spellings: ${body}`);
  return code;
}

async function pollEvents(machine: SimulatedMachine): Promise<string> {
  const { status, body } = await ask(agentAt(machine), 'GET', '/v1/events?after=-1&wait=0');
  const event = JSON.parse(Buffer.from(body, 'latin1').toString('utf8'));
  if (status !== 200) return `${status}`;
  if (event.event !== 'credentials') return `${event.event} ${event.code}`;
  return `credentials ${event.key_id} until ${event.advertised_expiration}`;
}

function fileView(
  { runtimeDirectory, ...machine }: SimulatedMachine,
  format: (typeof FORMATS)[number],
  read: (machine: Pick<SimulatedMachine, 'instance'>, text: string) => string,
): string {
  const text = textAt(join(runtimeDirectory, format));
  return text === undefined ? 'no file' : read(machine, text);
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function command(machine: SimulatedMachine, ...verb: readonly string[]): Promise<string> {
  const { now } = machine.clock;
  // A command judges by the clock on the wall: here the scenario's.
  const clock = `data:text/javascript,Date.now=()=>${now()}`;
  const [node = '', ...main] = rolekeeper;
  const env = { ROLEKEEPER_RUNTIME_DIR: machine.runtimeDirectory };
  return ofCommand(machine, await run([node, '--import', clock, ...main, ...verb], { env }));
}

function ofCommand(
  machine: SimulatedMachine,
  { code, stdout, stderr }: { code: number | null; stdout: string; stderr: string },
): string {
  if (code === 0 && stderr === '') return fromJson(machine, stdout);
  if (code === 0 || stdout !== '' || !/^rolekeeper: [^\n]+\n$/.test(stderr)) {
    throw new Error(`exit ${code} with ${stdout.length} bytes on stdout and on stderr: ${stderr}`);
  }
  return `exit ${code}`;
}

function fromJson(machine: Pick<SimulatedMachine, 'instance'>, text: string): string {
  const { AccessKeyId, SecretAccessKey, SessionToken, Token, Expiration } = JSON.parse(text);
  return oneSet(machine, AccessKeyId, SecretAccessKey, SessionToken ?? Token, Expiration);
}

function fromProfile(machine: Pick<SimulatedMachine, 'instance'>, text: string): string {
  const value = (key: string) => new RegExp(`^${key} = (.*)$`, 'm').exec(text)?.[1];
  if (value('aws_session_token') !== value('aws_security_token')) throw new Error('Two tokens');
  return oneSet(
    machine,
    value('aws_access_key_id'),
    value('aws_secret_access_key'),
    value('aws_session_token'),
    value('expiry_time'),
  );
}

function fromVariables(machine: Pick<SimulatedMachine, 'instance'>, text: string): string {
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];
  return oneSet(
    machine,
    value('AWS_ACCESS_KEY_ID'),
    value('AWS_SECRET_ACCESS_KEY'),
    value('AWS_SESSION_TOKEN'),
    value('AWS_CREDENTIAL_EXPIRATION'),
  );
}

/** Throws where the parts are not those of one set that IMDS gave. */
function oneSet(
  { instance }: Pick<SimulatedMachine, 'instance'>,
  keyId: string | undefined,
  secret: string | undefined,
  token: string | undefined,
  expiration: string | undefined,
): string {
  const set = instance.issuedSets().find(({ accessKeyId }) => accessKeyId === keyId);
  const isWhole = set?.secretAccessKey === secret && set?.sessionToken === token;
  if (set === undefined || !isWhole || expiration === undefined) throw new Error(`No whole set: ${keyId}`);
  return `${keyId} until ${expiration}`;
}
