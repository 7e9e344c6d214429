import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../simulator/ask.ts';
import { simulatorProcess, temporaryDirectory } from '../support/agent-process.ts';
import { type Child, rolekeeper, run, startChild } from '../support/child.ts';
import { programPath } from '../support/machine.ts';

const curl = programPath('curl');
const withoutCurl = curl === undefined ? ' (skipped: there is no curl)' : '';

interface Started extends AsyncDisposable {
  readonly child: Child;
  readonly text: string;
  /** Where it may put its own directory. */
  readonly temporary: string;
}

/** `rolekeeper start`, once it has printed its lines. */
async function started(
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const directory = temporaryDirectory();
  const child = startChild([...rolekeeper, 'start', '--config', '/dev/null', ...flags], {
    // Tests run at the same time, and the container endpoint has one port by default.
    env: { TMPDIR: directory.path, ROLEKEEPER_CONTAINER_ENDPOINT_LISTEN: '127.0.0.1:0', ...env },
  });
  await child.says(/# Ctrl-C stops it\n/);
  await child.says(/ Ready /);
  return {
    child,
    text: child.stdout(),
    temporary: directory.path,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await child.ended;
      directory[Symbol.dispose]();
    },
  };
}

/** As pasted into a shell. */
const paste = (line: string) => run(['/bin/sh', '-c', line], { env: { PATH: '/usr/bin:/bin' } });

function lineOf(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`No line like ${pattern} in:\n${text}`);
  return found;
}

describe('Without an endpoint it is a simulated instance, and', () => {
  let start: Started;
  beforeAll(async () => {
    start = await started();
  });
  afterAll(() => start[Symbol.asyncDispose]());

  test('it says so', () => {
    expect(start.text).toContain("these are a simulated instance's credentials, which AWS does not know");
  });

  test('the credential_process line works', async () => {
    const ended = await paste(lineOf(start.text, /^credential_process = (.+)$/m));
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(ended.stdout)).toMatchObject({
      Version: 1,
      AccessKeyId: expect.stringMatching(/^ASIA.*EXAMPLE/),
    });
  });

  test('the environment leads the other commands to it', async () => {
    const directory = lineOf(start.text, /^export ROLEKEEPER_RUNTIME_DIR=(.+)$/m);
    const env = { ROLEKEEPER_RUNTIME_DIR: directory };
    const [print, wait] = await Promise.all([
      run([...rolekeeper, 'credential-process'], { env }),
      run([...rolekeeper, 'wait', '--timeout', '5s'], { env }),
    ]);
    expect(print).toMatchObject({ code: 0, stderr: '' });
    expect(wait).toMatchObject({ code: 0, stderr: '' });
  });

  test.skipIf(curl === undefined)(`the curl lines work${withoutCurl}`, async () => {
    const status = await paste(lineOf(start.text, /^(curl -s --unix-socket .+)$/m));
    const { key_id: keyId } = JSON.parse(status.stdout);
    expect(JSON.parse(status.stdout)).toMatchObject({ serving: true, role: 'example-role' });
    const state = await paste(lineOf(start.text, /(curl -s \S+\/_control\/state)$/m));
    expect(`…${JSON.parse(state.stdout).currentSet.accessKeyId.slice(-4)}`).toBe(keyId);
    const rotated = await paste(lineOf(start.text, /(curl -s \S+\/_control -d .+)$/m));
    expect(`…${JSON.parse(rotated.stdout).currentSet.accessKeyId.slice(-4)}`).not.toBe(keyId);
  });

  test('the container lines lead an SDK to it', async () => {
    const url = lineOf(start.text, /^export AWS_CONTAINER_CREDENTIALS_FULL_URI=(.+)$/m);
    const file = lineOf(start.text, /^export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=(.+)$/m);
    const { origin, pathname } = new URL(url);
    expect((await ask(origin, pathname)).status).toBe(401);
    const answer = await ask(origin, pathname, { headers: { Authorization: readFileSync(file, 'utf8') } });
    expect(JSON.parse(answer.body)).toMatchObject({ AccessKeyId: expect.stringMatching(/^ASIA.*EXAMPLE/) });
  });

  test('a signal ends it, and its directory is gone', async () => {
    expect(readdirSync(start.temporary)).toHaveLength(1);
    start.child.kill('SIGINT');
    expect(await start.child.ended).toMatchObject({ code: 0, signal: null });
    expect(readdirSync(start.temporary)).toEqual([]);
  });
});

describe.concurrent('With an endpoint', () => {
  test('it is that instance, in the named directory, which stays', async () => {
    await using simulator = await simulatorProcess('--role', 'batch');
    using directory = temporaryDirectory();
    const runtime = join(directory.path, 'run');
    mkdirSync(runtime);
    const start = await started(['--imds-endpoint', simulator.url, '--runtime-dir', runtime]);
    expect(start.text).not.toContain('simulated');
    expect(start.text).toContain(`ROLEKEEPER_RUNTIME_DIR=${runtime}`);
    const ended = await paste(lineOf(start.text, /^credential_process = (.+)$/m));
    expect(JSON.parse(ended.stdout).AccessKeyId).toBe((await simulator.currentSet()).accessKeyId);
    expect(readdirSync(start.temporary)).toEqual([]);
    await start[Symbol.asyncDispose]();
    expect(readdirSync(runtime).sort()).toEqual(['container-token', 'container-token.state', 'state.json']);
  });

  test('from the environment it is that instance, too', async () => {
    await using simulator = await simulatorProcess('--role', 'batch');
    await using start = await started([], { AWS_EC2_METADATA_SERVICE_ENDPOINT: simulator.url });
    expect(start.text).not.toContain('simulated');
    expect((await simulator.state()).requests.document).toBeGreaterThan(0);
  });
});

test('A wrong configuration is told, exits 2, and leaves no directory', async () => {
  using directory = temporaryDirectory();
  const config = join(directory.path, 'config.toml');
  writeFileSync(config, '[imds]\nspeed = 3\n');
  const temporary = join(directory.path, 'tmp');
  mkdirSync(temporary);
  const ended = await run([...rolekeeper, 'start', '--config', config], { env: { TMPDIR: temporary } });
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain(`${config}:2:1: imds.speed`);
  expect(readdirSync(temporary)).toEqual([]);
});
