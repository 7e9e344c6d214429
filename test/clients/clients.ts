import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SimulatedSet } from '../support/agent-process.ts';
import { run } from '../support/child.ts';
import type { FakeSts } from '../support/fake-sts.ts';
import { lineProcess } from './line-process.ts';

/** The distribution's own, whatever else comes first in PATH. */
const AWS = '/usr/bin/aws';
const PYTHON = '/usr/bin/python3';
const PROBE = fileURLToPath(new URL('boto3-probe.py', import.meta.url));

export interface ClientWorld {
  readonly env: Readonly<Record<string, string>>;
  readonly sts: FakeSts;
}

export interface Client {
  readonly client: string;
  /** The profile. */
  readonly surface: string;
  /** Why it cannot be run here. */
  readonly missing: string | undefined;
  /**
   * Makes it use the profile's credentials, and compares them with the expected set; without one, it must fail and
   * show the cause. Resolves with what was wrong, or with nothing.
   */
  use(expected: SimulatedSet | undefined): Promise<string | undefined>;
}

/** Every client with every surface. The ones that live on do so until they are disposed of. */
export function clients(
  world: ClientWorld,
  surfaces: readonly string[],
): AsyncDisposable & { all: readonly Client[] } {
  const noAws = succeeds(AWS, ['--version']) ? undefined : 'there is no /usr/bin/aws (Debian: awscli)';
  const noBoto = succeeds(PYTHON, ['-c', 'import boto3'])
    ? undefined
    : 'there is no boto3 for /usr/bin/python3 (Debian: python3-boto3)';
  const living = surfaces.map((surface) => livingBoto3(world, surface, noBoto));
  const all = surfaces.flatMap((surface, index) => [
    { client: 'awscli export-credentials', surface, missing: noAws, use: exportedBy(world, surface) },
    { client: 'awscli sts', surface, missing: noAws, use: signedByCli(world, surface) },
    { client: 'boto3 sts', surface, missing: noBoto, use: signedByBoto3(world, surface) },
    { client: 'boto3 sts, same client', surface, missing: noBoto, use: living[index]?.use ?? neverStarted },
  ]);
  return {
    all,
    async [Symbol.asyncDispose]() {
      for (const client of living) await client.close();
    },
  };
}

/** `aws configure export-credentials`: prints what it would sign with. */
function exportedBy({ env }: ClientWorld, surface: string): Client['use'] {
  return async (expected) => {
    const { code, stdout, stderr } = await run(
      [AWS, 'configure', 'export-credentials', '--profile', surface],
      {
        env,
      },
    );
    if (expected === undefined) return refused(code !== 0 && stdout === '', stderr);
    if (code !== 0) return `exit code ${code}: ${oneLine(stderr)}`;
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = JSON.parse(stdout);
    if (AccessKeyId !== expected.accessKeyId) return `key ${AccessKeyId}, not ${expected.accessKeyId}`;
    if (SecretAccessKey !== expected.secretAccessKey) return 'another secret access key';
    if (SessionToken !== expected.sessionToken) return 'another session token';
    const isSameInstant = Date.parse(Expiration) === Date.parse(expected.expiration);
    return isSameInstant ? undefined : `expiration ${Expiration}, not ${expected.expiration}`;
  };
}

function signedByCli({ env, sts }: ClientWorld, surface: string): Client['use'] {
  const command = [AWS, 'sts', 'get-caller-identity', '--profile', surface, '--endpoint-url', sts.url];
  return (expected) =>
    signed(sts, expected, async () => {
      const { code, stderr } = await run(command, { env });
      return code === 0 ? undefined : stderr;
    });
}

function signedByBoto3({ env, sts }: ClientWorld, surface: string): Client['use'] {
  return async (expected) => {
    await using probe = startProbe(env, sts, surface);
    return await signed(sts, expected, () => callOnce(probe));
  };
}

/** One boto3 client through everything that happens. */
function livingBoto3({ env, sts }: ClientWorld, surface: string, missing: string | undefined) {
  const probe = missing === undefined ? startProbe(env, sts, surface) : undefined;
  return {
    use: (expected: SimulatedSet | undefined) =>
      signed(sts, expected, () => (probe === undefined ? neverStarted() : callOnce(probe))),
    close: async () => probe?.[Symbol.asyncDispose](),
  };
}

function startProbe(env: ClientWorld['env'], sts: FakeSts, surface: string) {
  return lineProcess([PYTHON, PROBE], { ...env, AWS_PROFILE: surface, STS_URL: sts.url });
}

async function callOnce(probe: ReturnType<typeof lineProcess>): Promise<string | undefined> {
  const answer = await probe.ask('call');
  return answer === 'account 111122223333' ? undefined : answer;
}

/** Compares what STS saw with the expected set. `call` resolves with the client's own error, or with nothing. */
async function signed(
  sts: FakeSts,
  expected: SimulatedSet | undefined,
  call: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const before = sts.requests.length;
  const error = await call();
  const seen = sts.requests.slice(before);
  if (expected === undefined) return refused(error !== undefined && seen.length === 0, error ?? '');
  if (error !== undefined) return oneLine(error);
  const [request] = seen;
  if (request === undefined || seen.length > 1) return `${seen.length} requests to STS`;
  if (request.accessKeyId !== expected.accessKeyId) {
    return `signed with ${request.accessKeyId}, not ${expected.accessKeyId}`;
  }
  return request.sessionToken === expected.sessionToken ? undefined : 'another session token';
}

/** With no agent: a failure, in which the user finds the cause that rolekeeper gave. */
function refused(hasFailed: boolean, message: string): string | undefined {
  if (!hasFailed) return 'it went on without an agent';
  return message.includes('No agent is listening on')
    ? undefined
    : `the cause is not in: ${oneLine(message)}`;
}

async function neverStarted(): Promise<string> {
  return 'never started';
}

function succeeds(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', env: {} }).status === 0;
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').slice(0, 200);
}
