import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  agentProcess,
  keptForRestart,
  simulatorProcess,
  temporaryDirectory,
} from '../support/agent-process.ts';
import { run } from '../support/child.ts';
import { killLoop } from '../support/kill-loop.ts';

test('ten kills at random moments: no wrong answer, no start that fails, nothing left behind', async () => {
  // `npm run test:kill` does the same 200 times.
  const { answers, wrong, leftovers } = await killLoop({ kills: 10, seed: 20_261_123 });
  process.stdout.write(`answers checked: ${answers}, wrong: ${wrong.length}\n`);
  expect(wrong).toEqual([]);
  expect(leftovers).toEqual([]);
  expect(answers).toBeGreaterThan(50);
}, 60_000);

test('a killed agent may have left a half-written process file: the next one removes it', async () => {
  using directory = temporaryDirectory();
  writeFileSync(join(directory.path, '.credential-process.json.tmp-0123456789ab'), 'half of a file');
  await startAndStop(directory.path);
  expect(readdirSync(directory.path)).toEqual(keptForRestart);
});

test('a killed agent may have left a half-written state: the next one removes it', async () => {
  using directory = temporaryDirectory();
  writeFileSync(join(directory.path, '.state.json.tmp-0123456789ab'), 'half of a file');
  await startAndStop(directory.path);
  expect(readdirSync(directory.path)).toEqual(keptForRestart);
});

test('a killed agent may have left the socket that it was about to name: the next one removes it', async () => {
  using directory = temporaryDirectory();
  await leaveDeadSocket(join(directory.path, '.s-01234567'));
  await startAndStop(directory.path);
  expect(readdirSync(directory.path)).toEqual(keptForRestart);
});

test('a killed agent leaves its socket: the next one takes the name over', async () => {
  using directory = temporaryDirectory();
  await leaveDeadSocket(join(directory.path, 'agent.sock'));
  await startAndStop(directory.path);
  expect(readdirSync(directory.path)).toEqual(keptForRestart);
});

async function startAndStop(runtimeDirectory: string): Promise<void> {
  await using simulator = await simulatorProcess();
  await using agent = await agentProcess({ endpoint: simulator.url, runtimeDirectory });
  await agent.becomes((status) => status.serving);
  expect(await agent.stop()).toMatchObject({ code: 0 });
}

/** A socket file whose process was killed: nobody listens behind it. */
async function leaveDeadSocket(path: string): Promise<void> {
  const listenAndDie = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  const { signal } = await run([process.execPath, '-e', listenAndDie, path]);
  expect(signal).toBe('SIGKILL');
}
