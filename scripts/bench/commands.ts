import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { byTurns, type Measured } from './measured.ts';
import { end, type Stage, says } from './stage.ts';

/** The fast helper against printing a file. Both start one small program. */
export async function helperTime(stage: Stage): Promise<Measured> {
  const helper = join(stage.root, 'scripts/credential-process');
  return withAgent(stage, 200, {
    ours: [helper],
    reference: (directory) => ['cat', join(directory, 'credential-process.json')],
    against: 'cat FILE',
    aim: 2,
  });
}

/** The command that asks the agent's socket, against a runtime that does nothing. */
export async function commandTime(stage: Stage): Promise<Measured> {
  return withAgent(stage, 60, {
    ours: [process.execPath, stage.rolekeeper, 'credential-process'],
    reference: () => [process.execPath, '-e', '0'],
    against: 'node -e 0',
    aim: 1.5,
  });
}

interface Commands extends Pick<Measured, 'against' | 'aim'> {
  readonly ours: readonly string[];
  readonly reference: (directory: string) => readonly string[];
}

async function withAgent(
  stage: Stage,
  rounds: number,
  { ours, reference, against, aim }: Commands,
): Promise<Measured> {
  const directory = stage.directory();
  const agent = stage.agent(directory);
  try {
    await says(agent, 'stderr', / Ready /);
    const env = { PATH: '/usr/bin:/bin', ROLEKEEPER_RUNTIME_DIR: directory };
    const times = await byTurns(
      rounds,
      () => time(ours, env),
      () => time(reference(directory), env),
    );
    return { unit: 'ms', ...times, against, aim };
  } finally {
    await end(agent);
  }
}

function time([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): number {
  const began = performance.now();
  const { status, error, stderr } = spawnSync(program, args, {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  const ms = performance.now() - began;
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return ms;
}
