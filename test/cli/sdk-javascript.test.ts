import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromIni } from '@aws-sdk/credential-providers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type AgentProcess,
  agentProcess,
  type SimulatorProcess,
  simulatorProcess,
  temporaryDirectory,
} from '../support/agent-process.ts';
import { helper, rolekeeper } from '../support/child.ts';
import { type FakeSts, fakeSts } from '../support/fake-sts.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let sts: FakeSts;

beforeEach(async () => {
  directory = temporaryDirectory('rolekeeper test ');
  sts = await fakeSts();
  // The SDK passes its own environment on to the process it runs, and would ask IMDS itself where that fails.
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('ROLEKEEPER_RUNTIME_DIR', directory.path);
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_CONTAINER_CREDENTIALS_FULL_URI']) {
    vi.stubEnv(name, undefined);
  }
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await sts[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

describe.each([
  ['the helper', `"${helper}"`],
  ['the command', `${rolekeeper.map((word) => `"${word}"`).join(' ')} credential-process`],
])('the SDK for JavaScript v3 with credential_process = %s', (_, credentialProcess) => {
  test('signs with the current set, before and after a rotation', async () => {
    await using world = await agentAndSimulator(directory.path);
    const before = await world.simulator.currentSet();
    await callerIdentity(client(credentialProcess));
    expect(sts.requests).toEqual([signedWith(before)]);

    const after = await world.rotate();
    await callerIdentity(client(credentialProcess));
    expect(sts.requests).toEqual([signedWith(before), signedWith(after)]);
    expect(after.accessKeyId).not.toBe(before.accessKeyId);
  });

  test('takes up the next set in a client that lives on, once the old one nears its end', async () => {
    // Under five minutes before the expiration this SDK runs the process for every request.
    await using world = await agentAndSimulator(directory.path, '--lifetime', '4m');
    const longLived = client(credentialProcess);
    const before = await world.simulator.currentSet();
    await callerIdentity(longLived);
    const after = await world.rotate();
    await callerIdentity(longLived);
    expect(sts.requests).toEqual([signedWith(before), signedWith(after)]);
  });

  test('is given every part of the set', async () => {
    await using world = await agentAndSimulator(directory.path);
    const set = await world.simulator.currentSet();
    expect(await provider(credentialProcess)()).toMatchObject({
      accessKeyId: set.accessKeyId,
      secretAccessKey: set.secretAccessKey,
      sessionToken: set.sessionToken,
      expiration: new Date(set.expiration),
      accountId: '111122223333',
    });
  });

  test('is told the cause when there are no credentials', async () => {
    await expect(provider(credentialProcess)()).rejects.toThrow(
      `No agent is listening on ${directory.path}/agent.sock`,
    );
  });
});

function client(credentialProcess: string): STSClient {
  return new STSClient({
    endpoint: sts.url,
    region: 'eu-central-1',
    credentials: provider(credentialProcess),
    maxAttempts: 1,
  });
}

function provider(credentialProcess: string) {
  const configFilepath = join(directory.path, 'config');
  const filepath = join(directory.path, 'credentials');
  writeFileSync(configFilepath, `[profile app]\ncredential_process = ${credentialProcess}\n`);
  writeFileSync(filepath, '');
  return fromIni({ profile: 'app', configFilepath, filepath, ignoreCache: true });
}

async function callerIdentity(sender: STSClient): Promise<void> {
  const { Account } = await sender.send(new GetCallerIdentityCommand({}));
  expect(Account).toBe('111122223333');
}

function signedWith({ accessKeyId, sessionToken }: { accessKeyId: string; sessionToken: string }) {
  return { accessKeyId, sessionToken };
}

async function agentAndSimulator(runtimeDirectory: string, ...flags: readonly string[]) {
  const simulator: SimulatorProcess = await simulatorProcess(...flags);
  const agent: AgentProcess = await agentProcess({
    endpoint: simulator.url,
    runtimeDirectory,
    flags: ['--imds-check-interval', '200ms'],
  });
  await agent.becomes((status) => status.serving);
  return {
    simulator,
    async rotate() {
      const { generation } = await agent.status();
      await simulator.control({ rotate: true });
      await agent.becomes((status) => status.generation > generation);
      return simulator.currentSet();
    },
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
    },
  };
}
