/**
 * `npm run bench`: what rolekeeper costs, beside the least that could do the same, measured here and now by turns (ours,
 * reference, ours, …) with real processes on loopback. It takes under ten minutes and judges nothing: a busy machine has no
 * say in whether a change is right, so the exit status is 0 whatever the table says.
 *
 * `--quick` measures a fifth as often; `--only WORD` measures what has the word in its name; `--idle-minutes N` and
 * `--load-minutes N` look longer at an agent that is idle, or under load. A whole run writes the results to `docs/`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { answers } from './bench/answers.ts';
import { callers } from './bench/callers.ts';
import { chart } from './bench/chart.ts';
import { againstAwsCli, credentialProcess, helper } from './bench/commands.ts';
import { idleProcessor } from './bench/idle.ts';
import { calmDay, coldStart } from './bench/imds-requests.ts';
import { longestBlock } from './bench/longest-block.ts';
import { growth, idleConnections, restingMemory } from './bench/memory.ts';
import { peers } from './bench/peers.ts';
import { rotation } from './bench/rotation.ts';
import type { Row } from './bench/row.ts';
import { sdks } from './bench/sdks.ts';
import { openStage, type Stage } from './bench/stage.ts';
import { startToReady } from './bench/starting.ts';
import { markdownTable, textTable } from './bench/table.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    'idle-minutes': { type: 'string' },
    'load-minutes': { type: 'string' },
  },
});
const { quick, only } = values;
const idleMinutes = Number(values['idle-minutes'] ?? (quick ? 0.2 : 1));
const loadMinutes = Number(values['load-minutes'] ?? (quick ? 0.1 : 0.5));

const measurements: readonly (readonly [string, (stage: Stage) => Promise<readonly Row[]>])[] = [
  ['helper', helper],
  ['AWS CLI', againstAwsCli],
  ['credential-process', credentialProcess],
  ['start to READY', startToReady],
  ['answers', answers],
  ['idle connections', idleConnections],
  ['resting memory', restingMemory],
  ['growth', growth],
  ['rotation', rotation],
  ['cold start', coldStart],
  ['calm day', calmDay],
  ['longest block', (stage) => longestBlock(stage, loadMinutes * 60)],
  ['callers', callers],
  ['SDKs', sdks],
  ['peers', peers],
];

const root = process.cwd();
const began = performance.now();
await using stage = await openStage(root, quick);
const { about } = stage;
process.stdout.write(`${about.join('\n')}\n`);
const isAsked = (name: string) => name.toLowerCase().includes(only.toLowerCase());
const idle = isAsked('idle processor') ? await idleProcessor(stage, idleMinutes) : async () => [];
const rows: Row[] = [];
for (const [name, measure] of [...measurements, ['idle processor', idle] as const]) {
  if (!isAsked(name)) continue;
  const since = performance.now();
  rows.push(...(await measure(stage).catch((error: Error): Row[] => [notMeasured(name, error)])));
  process.stdout.write(`${name}: ${((performance.now() - since) / 1_000).toFixed(1)} s\n`);
}
const seconds = (performance.now() - began) / 1_000;
process.stdout.write(`\n${textTable(rows)}\n${seconds.toFixed(0)} s in all\n`);
if (!quick && only === '') writeResults();

function notMeasured(figure: string, { message }: Error): Row {
  return { figure, unit: '×', value: undefined, detail: message.split('\n')[0] ?? '' };
}

function writeResults(): void {
  const docs = join(root, 'docs');
  const [machine = ''] = about;
  writeFileSync(join(docs, 'benchmarks.json'), `${JSON.stringify({ about, seconds, rows }, undefined, 2)}\n`);
  writeFileSync(join(docs, 'benchmarks.svg'), chart(rows, machine));
  const page = join(docs, 'benchmarks.md');
  const text = readFileSync(page, 'utf8');
  const [begin, end] = ['<!-- results -->\n', '<!-- end of results -->'];
  const [before, , after] = [text.slice(0, text.indexOf(begin)), '', text.slice(text.indexOf(end))];
  writeFileSync(
    page,
    `${before}${begin}\n${about.map((line) => `${line}\n`).join('')}\n${markdownTable(rows)}\n${after}`,
  );
  process.stdout.write('Written to docs/benchmarks.md, .svg and .json\n');
}
