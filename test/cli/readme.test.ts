import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromProcess } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AgentProcess,
  agentProcess,
  askSocket,
  type SimulatorProcess,
  simulatorProcess,
  temporaryDirectory,
} from '../support/agent-process.ts';
import { helper, repository, run, startChild } from '../support/child.ts';

const readme = readFileSync(`${repository}README.md`, 'utf8');
const directory = temporaryDirectory();
let simulator: SimulatorProcess;
let agent: AgentProcess;

beforeAll(async () => {
  simulator = await simulatorProcess();
  agent = await agentProcess({ endpoint: simulator.url, runtimeDirectory: directory.path });
  await agent.becomes((status) => status.serving);
});

afterAll(async () => {
  await agent.stop();
  await simulator[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

/** The first block of that language that holds the text. */
function block(language: string, text: string): string {
  const blocks = [...readme.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))];
  const found = blocks.map((match) => match[1] ?? '').find((each) => each.includes(text));
  if (found === undefined) throw new Error(`The README has no ${language} block with ${text}`);
  return found;
}

/** As a reader of the README would run it: in a shell, with the directory in the environment. */
function paste(script: string) {
  return run(['/bin/sh', '-c', script], { env: environment(), cwd: repository });
}

function environment() {
  return {
    PATH: process.env.PATH ?? '',
    ROLEKEEPER_RUNTIME_DIR: directory.path,
    ROLEKEEPER_CONTAINER_ENDPOINT_LISTEN: '127.0.0.1:0',
  };
}

describe('README example for', () => {
  const withoutCurl = spawnSync('curl', ['--version']).error === undefined ? '' : ' (skipped: no curl here)';
  test.skipIf(withoutCurl !== '')(
    `sidecars: the curl line prints the current set${withoutCurl}`,
    async () => {
      const { stdout } = await paste(block('sh', 'curl -s --unix-socket'));
      const { accessKeyId } = await simulator.currentSet();
      expect(JSON.parse(stdout)).toMatchObject({ Code: 'Success', AccessKeyId: accessKeyId });
    },
  );

  test('SDKs: the profile gives the SDK for JavaScript the current set', async () => {
    const installed = '/usr/libexec/rolekeeper/credential-process';
    const here = `env ROLEKEEPER_RUNTIME_DIR=${directory.path} ${helper}`;
    const config = join(directory.path, 'config');
    writeFileSync(config, block('ini', installed).replace(installed, here));
    const provider = fromProcess({ profile: 'rolekeeper', configFilepath: config, filepath: '/dev/null' });
    expect((await provider()).accessKeyId).toBe((await simulator.currentSet()).accessKeyId);
  });

  test('an instance: the serve line starts an agent, here on the simulator', async () => {
    using own = temporaryDirectory();
    const line = block('sh', 'serve --imds-endpoint auto')
      .replace('auto', simulator.url)
      .replace('/run/rolekeeper', own.path)
      .trim();
    const agentOfLine = startChild(['/bin/sh', '-c', `exec ${line}`], {
      env: environment(),
      cwd: repository,
    });
    await agentOfLine.says(/Serving credentials/);
    // npm stands in between, and keeps signals to itself.
    const { pid } = JSON.parse((await askSocket(join(own.path, 'agent.sock'), '/v1/status')).body);
    process.kill(pid, 'SIGTERM');
    await agentOfLine.ended;
    expect(agentOfLine.stderr()).toContain('Stopped');
  }, 30_000);

  test('every verb that it names: --help explains it', async () => {
    const verbs = new Set([...readme.matchAll(/`rolekeeper ([a-z-]+)/g)].map((match) => match[1] ?? ''));
    expect(verbs.size).toBeGreaterThan(4);
    for (const verb of verbs) {
      const { code, stdout } = await paste(`npm run -s rolekeeper -- ${verb} --help`);
      expect(code, verb).toBe(0);
      expect(stdout, verb).toContain('Usage: rolekeeper');
    }
  }, 30_000);
});
