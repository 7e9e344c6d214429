import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type AgentProcess,
  agentProcess,
  askSocket,
  type SimulatorProcess,
  simulatorProcess,
  temporaryDirectory,
} from '../support/agent-process.ts';
import { rolekeeper, run } from '../support/child.ts';

/** The two files that are there to hold credentials, readable by their owner and their group only. */
const MEANT_FOR_SECRETS = { 'credential-process.json': 0o640, 'state.json': 0o600 };

/** Each makes the agent read, refuse and talk about a document, a token or an answer. */
const FAULTS = [
  { kind: 'malformed-json' },
  { kind: 'truncated-json' },
  { kind: 'truncated-connection' },
  { kind: 'missing-field', field: 'Expiration' },
  { kind: 'missing-field', field: 'SecretAccessKey' },
  { kind: 'empty-expiration' },
  { kind: 'oversized-body' },
  { kind: 'expired' },
  { kind: 'code', code: 'AssumeRoleUnauthorizedAccess' },
  { kind: 'token-refused' },
  { kind: 'status', status: 503, on: 'all' },
];

describe.concurrent.each(['text', 'json'])('at debug level, logged as %s', (format) => {
  test('no secret is in a log line, an answer about state, a message, the process table or a stray file', async ({
    expect,
  }) => {
    using directory = temporaryDirectory();
    const temporary = join(directory.path, 'tmp');
    const runtimeDirectory = join(directory.path, 'run');
    mkdirSync(temporary);
    await using simulator = await simulatorProcess();
    await using agent = await agentProcess({
      endpoint: simulator.url,
      runtimeDirectory,
      flags: ['--log-level', 'debug', '--log-format', format, '--imds-check-interval', '100ms'],
      env: { TMPDIR: temporary },
    });
    const seen = new Map<string, string>();

    await liveThroughEverything(simulator, agent, seen);
    for (const name of ['cmdline', 'environ', 'comm', 'status']) {
      seen.set(`/proc/PID/${name}`, readFileSync(`/proc/${agent.child.pid}/${name}`, 'latin1'));
    }
    collectFiles(runtimeDirectory, seen);
    const { stdout, stderr } = await agent.stop();
    seen.set('stdout', stdout).set('the log', stderr);
    collectFiles(runtimeDirectory, seen);
    collectFiles(temporary, seen);

    expect(stderr).toContain('/latest/api/token');
    expect(stderr).toContain('Credentials rotated');
    expect(stderr).toContain('Role detached');
    const pieces = await piecesOfSecrets(simulator);
    for (const [where, text] of seen) expect(foundIn(text, pieces), where).toEqual([]);
  }, 60_000);
});

test('the search finds the secrets where they are meant to be, with the modes that keep others out', async () => {
  using directory = temporaryDirectory();
  await using simulator = await simulatorProcess();
  await using agent = await agentProcess({ endpoint: simulator.url, runtimeDirectory: directory.path });
  await agent.becomes((status) => status.serving);
  const pieces = await piecesOfSecrets(simulator);
  for (const [name, mode] of Object.entries(MEANT_FOR_SECRETS)) {
    const path = join(directory.path, name);
    expect(foundIn(readFileSync(path, 'utf8'), pieces).length, name).toBeGreaterThan(50);
    expect(statSync(path).mode & 0o777, name).toBe(mode);
  }
});

/** Rotation, every fault, detachment and attachment, with everything asked about in between. */
async function liveThroughEverything(
  simulator: SimulatorProcess,
  agent: AgentProcess,
  seen: Map<string, string>,
): Promise<void> {
  await agent.becomes((status) => status.serving);
  await askAbout(agent, 'serving', seen);
  const { generation } = await agent.status();
  await simulator.control({ rotate: true });
  await agent.becomes((status) => status.generation > generation);
  for (const fault of FAULTS) {
    await simulator.control({ fault });
    await agent.becomes((status) => status.condition === 'degraded');
    await askAbout(agent, JSON.stringify(fault), seen);
    await simulator.control({ clear: true, forgetTokens: true });
    await agent.becomes((status) => status.condition === 'ok');
  }
  await simulator.control({ role: null });
  await agent.becomes((status) => !status.serving);
  await askAbout(agent, 'detached', seen);
  const env = { ROLEKEEPER_RUNTIME_DIR: agent.runtimeDirectory };
  for (const verb of [['credential-process'], ['wait', '--timeout', '1s']]) {
    const { code, stdout, stderr } = await run([...rolekeeper, ...verb], { env });
    expect(code).toBe(5);
    seen.set(`output of ${verb[0]}`, `${stdout}${stderr}`);
  }
  await simulator.control({ role: 'another-role' });
  await agent.becomes((status) => status.serving);
  await askAbout(agent, 'attached again', seen);
}

/** Every answer of the agent that is not for handing out credentials. */
async function askAbout(agent: AgentProcess, when: string, seen: Map<string, string>): Promise<void> {
  for (const path of ['/v1/status', '/livez', '/readyz', '/no-such-path', '/v1/credentials/']) {
    const { body } = await askSocket(agent.socketPath, path);
    seen.set(`${path} (${when})`, body);
  }
}

/** Names and contents of the files in a directory that are not meant for secrets. */
function collectFiles(directory: string, seen: Map<string, string>): void {
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    seen.set(`the name ${path}`, entry.name);
    if (entry.isFile() && !(entry.name in MEANT_FOR_SECRETS)) seen.set(path, readFileSync(path, 'latin1'));
  }
}

/** Eight characters each, so that a part of a secret is found too. Every metadata token begins with the last one. */
async function piecesOfSecrets(simulator: SimulatorProcess): Promise<readonly string[]> {
  const sets = await simulator.sets();
  const secrets = sets.flatMap(({ accessKeyId, secretAccessKey, sessionToken }) => [
    accessKeyId,
    secretAccessKey,
    sessionToken,
  ]);
  return [...secrets.flatMap((secret) => secret.match(/.{8}/g) ?? []), 'AQAEAEXAMPLE'];
}

function foundIn(text: string, pieces: readonly string[]): readonly string[] {
  return pieces.filter((piece) => text.includes(piece));
}
