import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Pairs, ratio, sides } from './measured.ts';
import type { Aim, Row } from './row.ts';
import type { RunningAgent, Stage } from './stage.ts';
import type { Tool } from './tools.ts';

interface Reference {
  readonly figure: string;
  readonly against: string;
  readonly tool: Tool;
  readonly args: (agent: RunningAgent) => readonly string[];
  readonly aim?: Aim;
}

/** The fast helper against what else could print the same. */
export async function helper(stage: Stage): Promise<readonly Row[]> {
  const { tools, root } = stage;
  const agent = await stage.agent();
  const file = ({ directory }: RunningAgent) => [join(directory, 'credential-process.json')];
  const references: readonly Reference[] = [
    {
      figure: 'helper / cat FILE',
      against: 'cat FILE',
      tool: { command: ['cat'] },
      args: file,
      aim: { most: 1.7 },
    },
    {
      figure: 'helper / Go program',
      against: 'a Go program',
      tool: tools.catInGo,
      args: file,
      aim: { most: 1.5 },
    },
    { figure: 'helper / static C program', against: 'a static C program', tool: tools.catInC, args: file },
    {
      figure: 'helper / curl --unix-socket',
      against: 'curl --unix-socket',
      tool: tools.curl,
      args: ({ socketPath }) => ['-s', '--unix-socket', socketPath, 'http://localhost/v1/credential-process'],
    },
  ];
  const ours = [join(root, 'scripts/credential-process')];
  return compare(stage, agent, ours, references, 200);
}

/** AWS's own command line asks the instance itself: what a profile without the agent costs. */
export async function againstAwsCli(stage: Stage): Promise<readonly Row[]> {
  const { tools, root, simulatorUrl } = stage;
  const agent = await stage.agent();
  const env = [
    ...['env', '-i', `PATH=${process.env.PATH}`, `HOME=${agent.directory}`],
    `AWS_EC2_METADATA_SERVICE_ENDPOINT=${simulatorUrl}/`,
  ];
  const tool: Tool =
    'missing' in tools.awsCli ? tools.awsCli : { command: [...env, ...tools.awsCli.command, 'configure'] };
  const [row] = await compare(
    stage,
    agent,
    [join(root, 'scripts/credential-process')],
    [
      {
        figure: 'AWS CLI export / helper',
        against: 'aws configure export-credentials',
        tool,
        args: () => ['export-credentials'],
        aim: { least: 300 },
      },
    ],
    5,
  );
  return row === undefined ? [] : [inverted(row)];
}

/** The command that asks the agent, against a runtime that does nothing. */
export async function credentialProcess(stage: Stage): Promise<readonly Row[]> {
  const agent = await stage.agent();
  const empty = join(stage.root, 'scripts/bench/references/empty.cjs');
  const reference: Reference = {
    figure: 'credential-process / empty node',
    against: 'node EMPTY-FILE',
    tool: { command: [process.execPath] },
    args: () => [empty],
    aim: { most: 1.2 },
  };
  return compare(stage, agent, [stage.rolekeeper, 'credential-process'], [reference], 40);
}

async function compare(
  stage: Stage,
  agent: RunningAgent,
  ours: readonly string[],
  references: readonly Reference[],
  rounds: number,
): Promise<readonly Row[]> {
  const usable = references.flatMap((each) =>
    'missing' in each.tool ? [] : [{ ...each, command: [...each.tool.command, ...each.args(agent)] }],
  );
  const env = { ROLEKEEPER_RUNTIME_DIR: agent.directory };
  const [first = [], ...others] = timed(stage, [ours, ...usable.map(({ command }) => command)], rounds, env);
  await agent.end();
  const timesOf = new Map(usable.map(({ figure }, index) => [figure, others[index] ?? []]));
  return references.map(({ figure, against, tool, aim }) => {
    if ('missing' in tool) return { figure, unit: '×', aim, value: undefined, detail: tool.missing };
    const pairs: Pairs = { ours: first, reference: timesOf.get(figure) ?? [] };
    return { figure, unit: '×', aim, ...ratio(pairs), detail: sides(pairs, 'ms', against) };
  });
}

/** Milliseconds of each run of each command, by turns. */
export function timed(
  { tools, rounds: scaled }: Stage,
  commands: readonly (readonly string[])[],
  rounds: number,
  env: NodeJS.ProcessEnv,
): readonly (readonly number[])[] {
  if ('missing' in tools.spawn) throw new Error(tools.spawn.missing);
  const [program = ''] = tools.spawn.command;
  const args = commands.flatMap((command, index) => (index === 0 ? command : ['--', ...command]));
  const { status, stdout, stderr } = spawnSync(program, [String(scaled(rounds)), ...args], {
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`a command to measure failed: ${stderr.trim()}`);
  return (JSON.parse(stdout) as number[][]).map((each) => each.map((nanoseconds) => nanoseconds / 1e6));
}

function inverted(row: Row): Row {
  if (row.value === undefined) return row;
  const [low = Number.NaN, high = Number.NaN] = row.spread ?? [];
  return { ...row, value: 1 / row.value, spread: [1 / high, 1 / low] };
}
