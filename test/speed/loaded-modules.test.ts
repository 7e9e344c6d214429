import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '../../scripts/build.ts';
import { agentProcess, simulatorProcess, temporaryDirectory } from '../support/agent-process.ts';
import { repository, run } from '../support/child.ts';

/*
 * What a verb loads is most of what it costs. A list that has grown is looked at here before it is taken: is the module
 * needed by that verb, and at its start?
 */

const work = temporaryDirectory('rolekeeper-speed-');
const runtimeDirectory = join(work.path, 'run');
const bundle = join(work.path, 'bundle');
const rolekeeper = [
  ...[process.execPath, '--require', `${repository}test/speed/loaded-modules.cjs`],
  join(bundle, 'rolekeeper.cjs'),
];
const running: AsyncDisposable[] = [];

beforeAll(async () => {
  await build(repository, bundle);
  const simulator = await simulatorProcess();
  const agent = await agentProcess({
    endpoint: simulator.url,
    runtimeDirectory,
    flags: ['--container-endpoint-listen', '127.0.0.1:0'],
  });
  running.push(agent, simulator);
  await agent.becomes(({ serving }) => serving);
});
afterAll(async () => {
  for (const each of running) await each[Symbol.asyncDispose]();
  work[Symbol.dispose]();
});

async function loadedBy(...args: readonly string[]): Promise<{ own: string[]; builtins: string[] }> {
  const env = { ROLEKEEPER_RUNTIME_DIR: runtimeDirectory, PATH: '/usr/bin:/bin' };
  const { stderr } = await run([...rolekeeper, ...args], { env });
  const [, text] = /^ Loaded (.*)$/m.exec(stderr) ?? [];
  if (text === undefined) throw new Error(`rolekeeper ${args.join(' ')} has said:\n${stderr}`);
  return JSON.parse(text);
}

const OF_CREDENTIAL_PROCESS = ['credential-process.cjs', 'rolekeeper.cjs', 'rolldown-runtime.cjs'];
const OF_ALL_OTHERS = [
  'agent-settings.cjs',
  'program.cjs',
  'random.cjs',
  'values.cjs',
  'version.cjs',
  ...OF_CREDENTIAL_PROCESS,
];

test('credential-process with nothing to ask for loads no socket, no stream and no other file', async () => {
  const { own, builtins } = await loadedBy('credential-process');
  expect(own).toEqual(OF_CREDENTIAL_PROCESS);
  expect(builtins).toEqual(['internal/util/parse_args/parse_args', 'internal/util/parse_args/utils']);
});

describe.each([
  // The pipe that stdout is.
  ['--version', [], ['net']],
  ['wait --timeout 5s', ['agents-answer.cjs', 'wait.cjs'], ['http', 'net']],
  ['export', ['agents-answer.cjs', 'export.cjs', 'served-set.cjs'], ['http', 'net']],
  ['env --for boto3', ['conflicting-variables.cjs', 'env.cjs'], ['net']],
  ['callers', ['agents-answer.cjs', 'callers.cjs'], ['http', 'net']],
] as const)('%s', (line, own, large) => {
  test('loads its own part of the program, and what every verb needs', async () => {
    const loaded = await loadedBy(...line.split(' '));
    expect(loaded.own).toEqual([...OF_ALL_OTHERS, ...own].sort());
    expect(loaded.builtins.filter((name) => LARGE.has(name))).toEqual(large);
  });
});

/** Of what Node brings, that which takes a millisecond or more. */
const LARGE = new Set([
  'child_process',
  'cluster',
  'crypto',
  'dns',
  'ffi',
  'fs/promises',
  'http',
  'https',
  'inspector',
  'net',
  'perf_hooks',
  'readline',
  'tls',
  'url',
  'v8',
  'vm',
  'worker_threads',
  'zlib',
]);
