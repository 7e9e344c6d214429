import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromIni } from '@aws-sdk/credential-providers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { renderDefaultConfig } from '../../src/config/render.ts';
import { allSettings } from '../../src/config/settings.ts';
import { agentProcess, simulatorProcess, temporaryDirectory } from '../support/agent-process.ts';
import { helper, rolekeeper, run } from '../support/child.ts';

let directory: ReturnType<typeof temporaryDirectory>;
const config = [...rolekeeper, 'config'];
const installed = '/usr/libexec/rolekeeper/credential-process';
const expectedHelper = existsSync(installed) ? installed : helper;

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory[Symbol.dispose]());

describe('config profile', () => {
  test('prints a profile with the helper', async () => {
    const { code, stdout, stderr } = await run([...config, 'profile', '--runtime-dir', '/run/rolekeeper']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`[profile rolekeeper]\ncredential_process = ${expectedHelper}\n`);
  });

  test.each([
    ['app', '[profile app]'],
    ['default', '[default]'],
  ])('named %s begins with %s', async (name, header) => {
    const { stdout } = await run([...config, 'profile', '--name', name]);
    expect(stdout.split('\n')[0]).toBe(header);
  });

  test('names a runtime directory of one’s own, blanks included', async () => {
    const env = { ROLEKEEPER_RUNTIME_DIR: '/srv/a b/run' };
    const { stdout } = await run([...config, 'profile'], { env });
    expect(stdout).toContain(
      `credential_process = /usr/bin/env "ROLEKEEPER_RUNTIME_DIR=/srv/a b/run" ${expectedHelper}\n`,
    );
  });

  test.each([
    ['a name that no SDK reads', ['--name', 'a b']],
    ['the name that configparser takes for all', ['--name', 'DEFAULT']],
    ['a path that a shell would change', ['--runtime-dir', '/run/$HOME']],
    ['a path that ends the value', ['--runtime-dir', '/run/a #b']],
    ['a path with a quote', ['--runtime-dir', '/run/a"b']],
    ['a path that is not absolute', ['--runtime-dir', 'run']],
  ])('refuses %s: 2', async (_, options) => {
    const ended = await run([...config, 'profile', ...options]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(/^rolekeeper: [^\n]+\n$/);
  });

  test('works as printed, with the SDK for JavaScript and from a directory with a blank in it', async () => {
    using spaced = temporaryDirectory('rolekeeper test ');
    await using simulator = await simulatorProcess();
    await using agent = await agentProcess({ endpoint: simulator.url, runtimeDirectory: spaced.path });
    await agent.becomes((status) => status.serving);
    const [program = '', ...args] = [...config, 'profile', '--name', 'app', '--runtime-dir', spaced.path];
    const configFilepath = join(spaced.path, 'config');
    writeFileSync(configFilepath, execFileSync(program, args));
    const filepath = '/dev/null';
    const credentials = await fromIni({ profile: 'app', configFilepath, filepath, ignoreCache: true })();
    expect(credentials.accessKeyId).toBe((await simulator.currentSet()).accessKeyId);
  });
});

test('config default prints the file that changes nothing', async () => {
  const { code, stdout, stderr } = await run([...config, 'default']);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: renderDefaultConfig(), stderr: '' });
});

describe('config check', () => {
  test('says ok of the default file', async () => {
    const file = join(directory.path, 'config.toml');
    writeFileSync(file, renderDefaultConfig());
    expect(await run([...config, 'check', '--config', file])).toMatchObject({
      code: 0,
      stdout: 'ok\n',
      stderr: '',
    });
  });

  test('says all that is wrong at once, a line each: 2', async () => {
    const file = join(directory.path, 'config.toml');
    writeFileSync(file, '[imds]\nrequest_timout = "2s"\ncheck_interval = "2h"\n[policy]\nready = "never"\n');
    const env = { ROLEKEEPER_LOG_LEVEL: 'loud' };
    const { code, stdout, stderr } = await run([...config, 'check', '--config', file], { env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(line).toMatch(/^rolekeeper: /);
    for (const place of [`${file}:2:`, `${file}:3:`, `${file}:5:`, 'ROLEKEEPER_LOG_LEVEL']) {
      expect(stderr).toContain(place);
    }
  });

  test('says that a named file is not there: 2', async () => {
    const ended = await run([...config, 'check', '--config', '/nonexistent/config.toml']);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(/^rolekeeper: \/nonexistent\/config\.toml: does not exist\. [^\n]+\n$/);
  });
});

describe('config show', () => {
  test('prints every setting with where it comes from', async () => {
    const file = join(directory.path, 'config.toml');
    writeFileSync(file, '[imds]\ncheck_interval = "30s"\n');
    const env = { ROLEKEEPER_LOG_LEVEL: 'debug', AWS_EC2_INSTANCE_PROFILE_NAME: 'web' };
    const { code, stdout, stderr } = await run([...config, 'show', '--config', file], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { key } of allSettings) expect(stdout).toContain(`${key} = `);
    expect(stdout).toMatch(new RegExp(`^imds\\.check_interval = "30s" +\\(${file}:2\\)$`, 'm'));
    expect(stdout).toMatch(/^log\.level = "debug" +\(ROLEKEEPER_LOG_LEVEL\)$/m);
    expect(stdout).toMatch(/^imds\.role = "web" +\(AWS_EC2_INSTANCE_PROFILE_NAME\)$/m);
    expect(stdout).toMatch(/^policy\.ready = "credentials" +\(default\)$/m);
  });

  test('prints nothing of a configuration that is wrong: 2', async () => {
    const env = { ROLEKEEPER_LOG_LEVEL: 'loud' };
    const ended = await run([...config, 'show', '--config', '/dev/null'], { env });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
  });
});

test('config without a verb explains itself: 2', async () => {
  const ended = await run(config);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain('Usage: rolekeeper config');
});
