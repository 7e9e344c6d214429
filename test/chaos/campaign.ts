import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { type AgentProcess, simulatorProcess, startAgentProcess } from '../support/agent-process.ts';
import { helper } from '../support/child.ts';
import { type Footprint, footprintOf } from '../support/footprint.ts';
import { disturbances, LIFETIME_SECONDS, pick, type Scene } from './disturbances.ts';
import { createOracle } from './oracle.ts';
import { commandReader, helperReader, type Reader, sdkReader, socketReader } from './readers.ts';

export interface CampaignOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly runtimeDirectory: string;
  readonly workDirectory: string;
  readonly isSmallDisk: boolean;
  /** The library that lies about the time, where there is one. */
  readonly faketime: string | undefined;
  readonly tell: (line: string) => void;
}

export interface CampaignReport {
  readonly checked: number;
  readonly refused: number;
  readonly wrong: readonly string[];
  readonly byReader: Readonly<Record<string, number>>;
  readonly played: Readonly<Record<string, number>>;
  /** Resident memory (MB) and descriptors of the agent, at each look: they must not climb. */
  readonly resources: readonly Footprint[];
}

const AGENT_FLAGS = ['--imds-check-interval', '400ms', '--policy-static-stability', 'never'];

/** Real readers against a real agent and a real simulator, while the seed picks what goes wrong next. */
export async function campaign(options: CampaignOptions): Promise<CampaignReport> {
  const { seed, runtimeDirectory, workDirectory, faketime, tell } = options;
  const random = seededRandom(seed);
  await using simulator = await simulatorProcess(
    '--lifetime',
    `${LIFETIME_SECONDS}s`,
    '--rotate-every',
    '5s',
  );
  const oracle = createOracle(simulator);
  const offset = join(workDirectory, 'clock-offset');
  const moveClock =
    faketime && ((seconds: number) => writeFileSync(offset, `${seconds < 0 ? '' : '+'}${seconds}s`));
  if (moveClock) moveClock(0);
  const end = Date.now() + options.seconds * 1_000;
  const byReader: Record<string, number> = {};
  const played: Record<string, number> = {};
  const resources: Footprint[] = [];
  const wrong: string[] = [];
  let refused = 0;
  /** The disturbance under way, if it is one that no reader may notice. */
  let steady: string | undefined;
  let agent = await nextAgent();

  const scene: Scene = {
    simulator,
    random,
    agent: () => agent,
    moveClock: moveClock || undefined,
    isSmallDisk: options.isSmallDisk,
    async killAndRestart() {
      await agent.kill();
      agent = await nextAgent();
    },
  };
  const config = join(workDirectory, 'aws-config');
  const command = `env ROLEKEEPER_RUNTIME_DIR=${runtimeDirectory} ${helper}`;
  writeFileSync(config, `[profile chaos]\ncredential_process = ${command}\n`);
  const readers: Record<string, Reader> = {
    'agent socket': socketReader(join(runtimeDirectory, 'agent.sock')),
    helper: helperReader(runtimeDirectory),
    command: commandReader(runtimeDirectory),
    'SDK for JavaScript': sdkReader(config),
  };
  await Promise.all([
    disturb(),
    ...Object.entries(readers).map(([name, reader]) => keepReading(name, reader)),
  ]);
  await agent.stop();
  const checked = Object.values(byReader).reduce((sum, count) => sum + count, 0);
  return { checked, refused, wrong, byReader, played, resources };

  async function nextAgent(): Promise<AgentProcess> {
    const env: Record<string, string> = faketime
      ? {
          LD_PRELOAD: faketime,
          FAKETIME_TIMESTAMP_FILE: offset,
          FAKETIME_NO_CACHE: '1',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
        }
      : {};
    const next = startAgentProcess({
      endpoint: simulator.url,
      runtimeDirectory,
      flags: AGENT_FLAGS,
      env,
      descriptors: 80,
    });
    await next.child.says(/\bListening\b/);
    return next;
  }

  async function disturb(): Promise<void> {
    while (Date.now() < end) {
      const { name, mayRefuse, play } = pick(disturbances, random);
      tell(name);
      played[name] = (played[name] ?? 0) + 1;
      if (!mayRefuse) steady = name;
      await play(scene);
      steady = undefined;
      await sleep(300);
      note(agent);
      await agent.becomes((status) => status.serving && status.condition === 'ok');
    }
  }

  async function keepReading(name: string, reader: Reader): Promise<void> {
    while (Date.now() < end) {
      const askedAt = Date.now();
      const before = steady;
      const answer = await reader();
      if (answer === undefined && before !== undefined && before === steady) {
        wrong.push(`${name}: refused while ${before}, with good credentials held`);
      }
      const problem = answer && (await oracle.judge(answer, askedAt));
      if (answer === undefined) {
        refused += 1;
        await sleep(20);
      } else byReader[name] = (byReader[name] ?? 0) + 1;
      if (problem !== undefined) wrong.push(`${name}: ${problem}`);
    }
  }

  function note({ child }: AgentProcess): void {
    try {
      resources.push(footprintOf(child.pid));
    } catch {
      // it has just been killed
    }
  }
}
