import { readdirSync, watch } from 'node:fs';
import type { Random } from '../../src/domain/ports.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import {
  type AgentProcess,
  keptForRestart,
  type SimulatedSet,
  type SimulatorProcess,
  simulatorProcess,
  startAgentProcess,
} from './agent-process.ts';
import { FALLBACK, helperFixture } from './helper-fixture.ts';

/** What came of killing the agent again and again, in one and the same runtime directory. */
export interface KillLoopReport {
  readonly kills: number;
  /** Runs of the helper. */
  readonly runs: number;
  /** Runs in which it printed something; each of those was compared with the sets that the simulator made. */
  readonly answers: number;
  /** One line for each answer that was no whole, unexpired set, and for each start that did not succeed. */
  readonly wrong: readonly string[];
  /** What is in the runtime directory after a last, clean start and stop, besides the stored state. */
  readonly leftovers: readonly string[];
}

const AGENT_FLAGS = ['--imds-check-interval', '100ms', '--policy-static-stability', 'never'];
/** Answers after which a set of three seconds must have expired, on any machine: a run takes over a millisecond. */
const MANY_RUNS = 10_000;
const SOME_RUNS = 500;

/**
 * Kills the agent with SIGKILL at moments that the seed picks, under rapid rotation, and runs the helper all the
 * time: while the agent starts, while it works, and after its death. Nothing is timed: a moment is a number of runs
 * of the helper, or a number of changes in the runtime directory, where half-done work would show.
 */
export async function killLoop(options: {
  readonly kills: number;
  readonly seed: number;
  readonly progress?: (done: number) => void;
}): Promise<KillLoopReport> {
  const random = seededRandom(options.seed);
  using fixture = helperFixture();
  await using simulator = await simulatorProcess('--lifetime', '3s', '--rotate-every', '300ms');
  const start = () =>
    startAgentProcess({
      endpoint: simulator.url,
      runtimeDirectory: fixture.runtimeDirectory,
      flags: AGENT_FLAGS,
    });
  const check = answerCheck(simulator);
  const wrong: string[] = [];
  let runs = 0;
  let answers = 0;

  for (let kill = 1; kill <= options.kills; kill++) {
    const agent = start();
    await nextMoment(agent, random);
    const { code, signal, stderr } = await agent.kill();
    if (signal !== 'SIGKILL') wrong.push(`Start ${kill} ended by itself with ${code}: ${stderr}`);
    await runHelper();
    if (kill === options.kills || random() < 0.05) await runUntilNothingIsPrinted(kill);
    options.progress?.(kill);
  }
  await startAndStopCleanly();
  const leftovers = readdirSync(fixture.runtimeDirectory).filter((name) => !keptForRestart.includes(name));
  return { kills: options.kills, runs, answers, wrong, leftovers };

  async function nextMoment(agent: AgentProcess, picked: Random): Promise<void> {
    const kind = picked();
    const number = picked();
    if (kind < 0.4) return untilChange(agent, 1 + Math.floor(number * 15));
    if (kind < 0.7) await listening(agent);
    for (let left = Math.floor(number * 120); left > 0; left--) await runHelper();
  }

  /** Resolves within the turn in which so many entries of the runtime directory have come, changed or gone. */
  async function untilChange({ runtimeDirectory, child }: AgentProcess, number: number): Promise<void> {
    let left = number;
    const watcher = watch(runtimeDirectory, () => {
      left--;
      if (left === 0) child.kill('SIGKILL');
    });
    for (let done = 0; left > 0 && done < MANY_RUNS; done++) await runHelper();
    watcher.close();
  }

  async function runHelper(): Promise<boolean> {
    runs++;
    const startedAt = Date.now();
    const ended = await fixture.run(['/bin/sh']);
    if (ended.code === FALLBACK && ended.stdout === '') return false;
    answers++;
    const problem =
      ended.code === 0 && ended.stderr === '' ? await check(ended.stdout, startedAt) : JSON.stringify(ended);
    if (problem !== undefined) wrong.push(problem);
    return true;
  }

  async function runUntilNothingIsPrinted(kill: number): Promise<void> {
    for (let done = 0; await runHelper(); done++) {
      if (done === MANY_RUNS) {
        wrong.push(`After kill ${kill} the helper never stopped printing`);
        return;
      }
    }
  }

  async function startAndStopCleanly(): Promise<void> {
    const agent = start();
    await listening(agent);
    await agent.becomes((status) => status.serving);
    // On a machine that is busy the last second of a three-second set can pass between the two.
    let tries = 0;
    while (!(await runHelper())) {
      tries++;
      if (tries < SOME_RUNS) continue;
      wrong.push('The helper printed nothing while the last agent served');
      break;
    }
    const { code, stderr } = await agent.stop();
    if (code !== 0) wrong.push(`The last agent ended with ${code}: ${stderr}`);
  }

  async function listening({ child }: AgentProcess): Promise<void> {
    await child.says(/\bListening\b/).catch((error: unknown) => wrong.push(String(error)));
  }
}

/** What is wrong with a printed answer, or nothing. `startedAt`: when the helper that printed it was started. */
function answerCheck(simulator: SimulatorProcess) {
  let known = new Map<string, SimulatedSet>();
  return async (stdout: string, startedAt: number): Promise<string | undefined> => {
    const answer = parsed(stdout);
    if (answer === undefined) return `Not one line of JSON: ${JSON.stringify(stdout)}`;
    const key = String(answer.AccessKeyId);
    if (!known.has(key)) known = new Map((await simulator.sets()).map((set) => [set.accessKeyId, set]));
    const set = known.get(key);
    const expected = set && {
      Version: 1,
      AccessKeyId: set.accessKeyId,
      SecretAccessKey: set.secretAccessKey,
      SessionToken: set.sessionToken,
      Expiration: set.expiration,
      AccountId: '111122223333',
    };
    if (JSON.stringify(answer) !== JSON.stringify(expected)) return `No set of the simulator's: ${stdout}`;
    return Date.parse(String(answer.Expiration)) <= startedAt
      ? `Expired at ${answer.Expiration}, printed ${new Date(startedAt).toISOString()}`
      : undefined;
  };
}

function parsed(stdout: string): Record<string, unknown> | undefined {
  if (stdout.indexOf('\n') !== stdout.length - 1) return undefined;
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}
