import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { timed } from './commands.ts';
import { type Pairs, ratio, sides } from './measured.ts';
import type { Row } from './row.ts';
import type { Stage } from './stage.ts';

/** A program that takes its credentials once, from its start to its end: from the agent, and from the instance itself. */
export async function sdks(stage: Stage): Promise<readonly Row[]> {
  const agent = await stage.agent();
  const references = join(stage.root, 'scripts/bench/references');
  const direct = [`AWS_EC2_METADATA_SERVICE_ENDPOINT=${stage.simulatorUrl}`];
  const ours = [
    `AWS_CONTAINER_CREDENTIALS_FULL_URI=${agent.containerUrl}`,
    `AWS_CONTAINER_AUTHORIZATION_TOKEN=${readFileSync(join(agent.directory, 'container-token'), 'utf8')}`,
  ];
  const node = [process.execPath, join(references, 'sdk.mjs')];
  const python = 'missing' in stage.tools.boto3 ? undefined : stage.tools.boto3.command;
  const rows: Row[] = [];
  for (const [name, ofAgent, ofInstance] of [
    ['SDK for JavaScript v3', [...node, 'container'], [...node, 'imds']],
    ['boto3', withScript(python), withScript(python)],
  ] as const) {
    const figure = `${name}: container endpoint / IMDS itself`;
    if (ofAgent === undefined || ofInstance === undefined) {
      const { missing = '' } = 'missing' in stage.tools.boto3 ? stage.tools.boto3 : {};
      rows.push({ figure, unit: '×', value: undefined, detail: missing });
      continue;
    }
    const commands = [bare(ours, ofAgent), bare(direct, ofInstance)];
    const [first = [], second = []] = timed(stage, commands, 10, {});
    const pairs: Pairs = { ours: first, reference: second };
    rows.push({ figure, unit: '×', ...ratio(pairs), detail: sides(pairs, 'ms', 'the simulated instance') });
  }
  await agent.end();
  return rows;

  function bare(variables: readonly string[], command: readonly string[]): readonly string[] {
    return ['env', '-i', `PATH=${process.env.PATH}`, `HOME=${agent.directory}`, ...variables, ...command];
  }

  function withScript(command: readonly string[] | undefined): readonly string[] | undefined {
    return command && [...command, '-B', join(references, 'sdk.py')];
  }
}
