import type { Random } from '../../src/domain/ports.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import type { AgentProcess, SimulatedSet } from '../support/agent-process.ts';
import { type Footprint, footprintOf } from '../support/footprint.ts';
import { attackedAgent } from './attacked-agent.ts';
import { deliver } from './deliver.ts';
import { type Attempt, nextAttempt, pick } from './grammar.ts';
import { percentile } from './healthy-client.ts';
import { type Health, healthyClients } from './healthy-clients.ts';
import type { Target } from './surfaces.ts';

export interface FuzzOptions {
  readonly requests: number;
  readonly seed: number;
  readonly runtimeDirectory: string;
  readonly tell: (line: string) => void;
}

export interface FuzzReport {
  readonly requests: number;
  readonly connections: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly credentialsTo: { readonly rightful: number; readonly socket: number };
  readonly violations: readonly string[];
  readonly footprints: readonly Footprint[];
  readonly healthy: Readonly<Record<string, { p50: number; p99: number; most: number; asked: number }>>;
}

const LANES = 96;
const LOOKS = 20;
const MOST_VIOLATIONS = 20;
/** Of the resident memory between the first fifth of the campaign and its end: what is left then must not grow on. */
const MOST_GROWTH = 1.25;
const MOST_MORE_DESCRIPTORS = 8;

/** Sends an agent with all its surfaces on what nobody should send, and judges every answer. */
export async function fuzz({ requests, seed, runtimeDirectory, tell }: FuzzOptions): Promise<FuzzReport> {
  await using attacked = await attackedAgent({ runtimeDirectory, flags: ['--log-level', 'debug'] });
  const { agent, current, targets } = attacked;
  const clients = await healthyClients(targets, current.secretAccessKey);

  const violations: string[] = [];
  const answers: Record<string, number> = {};
  const credentialsTo = { rightful: 0, socket: 0 };
  const footprints = [footprintOf(agent.child.pid)];
  let sent = 0;
  let connections = 0;
  await Promise.all(
    Array.from({ length: LANES }, (_, lane) => keepSending(seededRandom(seed * 1_000 + lane))),
  );
  const healthy = await clients.stop();
  footprints.push(await settledFootprint(agent, targets));
  judgeFootprints();
  judgeLog(agent.child.stderr() + agent.child.stdout(), current, targets);
  for (const [name, { failures }] of Object.entries(healthy)) {
    for (const failure of failures.slice(0, 3))
      violations.push(`a healthy client of the ${name}: ${failure}`);
  }
  return {
    requests: sent,
    connections,
    answers,
    credentialsTo,
    violations,
    footprints,
    healthy: summaries(healthy),
  };

  async function keepSending(random: Random): Promise<void> {
    while (sent < requests && violations.length < MOST_VIOLATIONS) {
      const target = pick(targets, random);
      const attempt = nextAttempt(target, random);
      sent += attempt.requests;
      connections += 1;
      look();
      const { text, end } = await deliver(target.address, attempt.bytes, !attempt.isClosing);
      if (end !== 'closed')
        violated(target, attempt, end === 'hung' ? 'the connection hung' : 'nothing listens');
      judge(target, attempt, text);
    }
  }

  function judge(target: Target, attempt: Attempt, text: string): void {
    for (const [, status = ''] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g))
      answers[status] = (answers[status] ?? 0) + 1;
    const given = text.split(current.secretAccessKey).length - 1;
    if (attempt.credentials === 'must') {
      credentialsTo.rightful += given;
      if (given !== attempt.requests)
        violated(target, attempt, `${given} credentials for ${attempt.requests} requests`);
    } else if (attempt.credentials === 'may') credentialsTo.socket += given;
    else if (given > 0 || text.includes(current.sessionToken))
      violated(target, attempt, 'credentials were given');
    // What has no status line is no answer of an HTTP server.
    if (text !== '' && !/^HTTP\/1\.1 \d{3} /.test(text))
      violated(target, attempt, `the answer begins ${text.slice(0, 40)}`);
    if (/ 500 | at .*\.[ct]s:\d/.test(text))
      violated(target, attempt, 'the answer tells of a failure inside');
  }

  function violated(target: Target, { bytes }: Attempt, what: string): void {
    const shown = JSON.stringify(bytes.toString('latin1'))
      .replaceAll(target.proof ?? '\0', 'PROOF')
      .slice(0, 400);
    violations.push(`${target.name}: ${what}, after ${shown}`);
  }

  function look(): void {
    if (sent < (requests * footprints.length) / LOOKS) return;
    const footprint = footprintOf(agent.child.pid);
    footprints.push(footprint);
    tell(
      `${sent} requests, ${connections} connections; agent: ${footprint.megabytes} MB, ${footprint.descriptors} descriptors`,
    );
  }

  function judgeFootprints(): void {
    const early = footprints.slice(2, 2 + LOOKS / 5);
    const late = footprints.slice(-LOOKS / 5);
    const most = (of: readonly Footprint[]) => Math.max(...of.map(({ megabytes }) => megabytes));
    if (most(late) > most(early) * MOST_GROWTH)
      violations.push(`memory grew from ${most(early)} to ${most(late)} MB`);
    const [first, last] = [footprints[0], footprints.at(-1)];
    const more = (last?.descriptors ?? 0) - (first?.descriptors ?? 0);
    if (more > MOST_MORE_DESCRIPTORS)
      violations.push(`${more} descriptors more are open after all connections closed`);
  }

  function judgeLog(
    log: string,
    { secretAccessKey, sessionToken }: SimulatedSet,
    all: readonly Target[],
  ): void {
    const proofs = all.flatMap(({ proof }) => proof?.split(': ')[1] ?? []);
    for (const secret of [secretAccessKey, sessionToken, ...proofs]) {
      if (log.includes(secret)) violations.push('the log holds a secret');
    }
  }
}

/** After every connection has been closed on both sides, and noticed. */
async function settledFootprint(agent: AgentProcess, targets: readonly Target[]): Promise<Footprint> {
  let last = footprintOf(agent.child.pid);
  for (let look = 0; look < 50; look++) {
    await agent.status();
    const now = footprintOf(agent.child.pid);
    if (now.descriptors >= last.descriptors && look > targets.length) return now;
    last = now;
  }
  return last;
}

function summaries(healthy: Health): FuzzReport['healthy'] {
  const entries = Object.entries(healthy).map(([name, { milliseconds }]) => {
    const asked = milliseconds.length;
    return [
      name,
      {
        asked,
        p50: percentile(milliseconds, 50),
        p99: percentile(milliseconds, 99),
        most: percentile(milliseconds, 100),
      },
    ] as const;
  });
  return Object.fromEntries(entries);
}
