import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SimulatedSet } from '../support/agent-process.ts';
import { type FakeSts, fakeSts } from '../support/fake-sts.ts';
import type { Cell } from './cells.ts';
import { lastWords } from './journal.ts';
import { type LineProcess, lineProcess } from './line-process.ts';
import type { Stage } from './stage.ts';
import type { Surface } from './surfaces.ts';

/** The distribution's own, whatever else comes first in PATH. */
const AWS = '/usr/bin/aws';
const PYTHON = '/usr/bin/python3';
const PROGRAM = fileURLToPath(new URL('programs/sts.py', import.meta.url));

export interface StsCells extends AsyncDisposable {
  readonly cells: readonly Cell[];
  /** Once the agent has stopped: each must fail, and show its user the cause that rolekeeper gave. */
  readonly withoutAgent: readonly Cell[];
}

interface StsClient {
  readonly name: string;
  readonly surface: Surface;
  readonly missing: string | undefined;
  /** Compares what it uses with a set; without one, it must fail and show the cause. Resolves with what was wrong. */
  use(expected: SimulatedSet | undefined): Promise<string | undefined>;
}

/** By `credential_process`: what the CLI would sign with, down to the expiration, and one boto3 client through everything. */
export async function stsCells(stage: Stage): Promise<StsCells> {
  const sts = await fakeSts();
  const noAws = existsSync(AWS) ? undefined : `there is no ${AWS} (Debian: awscli)`;
  const noBoto = existsSync('/usr/lib/python3/dist-packages/boto3')
    ? undefined
    : `there is no boto3 for ${PYTHON} (Debian: python3-boto3)`;
  // Whatever it does without an agent, it must not go to IMDS.
  const env = { ...stage.env, AWS_EC2_METADATA_DISABLED: 'true' };
  const columns = ['helper', 'command'] as const;
  const living =
    noBoto === undefined
      ? columns.map((surface) =>
          lineProcess([PYTHON, PROGRAM], { ...env, AWS_PROFILE: surface, STS_URL: sts.url }),
        )
      : [];
  const clients: readonly StsClient[] = columns.flatMap((surface, index) => [
    {
      name: 'awscli export-credentials',
      surface,
      missing: noAws,
      use: exportedBy(stage, surface, env),
    },
    {
      name: 'boto3 1.26 sts, one client',
      surface,
      missing: noBoto,
      use: (expected) => signed(sts, expected, living[index]),
    },
  ]);
  const cells = clients.map(({ name, surface, missing, use }) => ({ client: name, surface, missing, use }));
  return {
    cells: cells.map((cell) => ({
      ...cell,
      attempt: async () => await cell.use(await stage.currentSet()),
    })),
    withoutAgent: cells.map((cell) => ({
      ...cell,
      surface: `${cell.surface} without an agent fails with the cause`,
      attempt: () => cell.use(undefined),
    })),
    async [Symbol.asyncDispose]() {
      for (const process of living) {
        await process[Symbol.asyncDispose]();
        stage.journal.add('boto3 sts', process.stderr());
      }
      await sts[Symbol.asyncDispose]();
    },
  };
}

/** `aws configure export-credentials`: prints what it would sign with, so what it prints is not kept. */
function exportedBy({ run }: Stage, surface: Surface, env: Readonly<Record<string, string>>) {
  return async (expected: SimulatedSet | undefined) => {
    const { code, stdout, stderr } = await run(
      undefined,
      [AWS, 'configure', 'export-credentials', '--profile', surface],
      env,
    );
    if (expected === undefined) return refused(code !== 0 && stdout === '', stderr);
    if (code !== 0) return `exit code ${code}: ${lastWords(stderr)}`;
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = JSON.parse(stdout);
    if (AccessKeyId !== expected.accessKeyId) return `key ${AccessKeyId}, not ${expected.accessKeyId}`;
    if (SecretAccessKey !== expected.secretAccessKey) return 'another secret access key';
    if (SessionToken !== expected.sessionToken) return 'another session token';
    const isSameInstant = Date.parse(Expiration) === Date.parse(expected.expiration);
    return isSameInstant ? undefined : `expiration ${Expiration}, not ${expected.expiration}`;
  };
}

/** Two of them call the same STS, perhaps at once: each looks for its own set among what was seen. */
async function signed(
  sts: FakeSts,
  expected: SimulatedSet | undefined,
  client: LineProcess | undefined,
): Promise<string | undefined> {
  const before = sts.requests.length;
  const answer = (await client?.ask('call')) ?? 'never started';
  const seen = sts.requests.slice(before);
  if (expected === undefined) return refused(answer.startsWith('error') && seen.length === 0, answer);
  if (answer !== 'account 111122223333') return answer.slice(0, 300);
  const others = seen.filter(
    ({ accessKeyId, sessionToken }) =>
      accessKeyId !== expected.accessKeyId || sessionToken !== expected.sessionToken,
  );
  if (seen.length === 0) return 'it asked STS for nothing';
  return others.length === 0
    ? undefined
    : `signed with ${others[0]?.accessKeyId}, not ${expected.accessKeyId}`;
}

/** With no agent: a failure, in which the user finds the cause that rolekeeper gave. */
function refused(hasFailed: boolean, message: string): string | undefined {
  if (!hasFailed) return 'it went on without an agent';
  return message.includes('No agent is listening on')
    ? undefined
    : `the cause is not in: ${lastWords(message)}`;
}
