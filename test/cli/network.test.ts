import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/agent-process.ts';
import { rolekeeper, run } from '../support/child.ts';
import { isRoot, NOBODY, nobodyMayRun } from '../support/machine.ts';

let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory[Symbol.dispose]());

const network = (args: readonly string[], config = '/dev/null') =>
  run([...rolekeeper, 'network', ...args, '--config', config]);

describe('network plan', () => {
  test('prints the rules for the configured users', async () => {
    const config = join(directory.path, 'config.toml');
    const endpoint = '[imds_endpoint]\nenabled = true\nlisten = "127.0.0.1:9999"\n';
    writeFileSync(config, `${endpoint}[network]\nagent_user = "4242"\nredirect_users = ["0"]\n`);
    const { code, stdout, stderr } = await network(['plan'], config);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('meta skuid 4242 tcp dport 80 accept\n');
    expect(stdout).toContain('meta skuid { 0 } counter dnat ip to 127.0.0.1:9999\n');
  });

  test('takes flags before the file', async () => {
    const { stdout } = await network(['plan', '--network-agent-user', '7', '--network-containers', 'allow']);
    expect(stdout).toContain('meta skuid 7 tcp dport 80 accept\n');
    expect(stdout).not.toContain('hook forward');
  });

  test.each<[string, readonly string[], string]>([
    ['a user that is not there', ['--network-agent-user', 'no-such-user'], 'There is no user no-such-user'],
    [
      'nothing to do',
      ['--network-agent-user', '7', '--network-lockdown', 'false'],
      'There are no rules to make',
    ],
    ['a redirect to nowhere', ['--network-redirect-users', 'root'], 'imds_endpoint.enabled is false'],
  ])('refuses %s', async (_, flags, message) => {
    const { code, stdout, stderr } = await network(['plan', ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`rolekeeper: `);
    expect(stderr).toContain(message);
  });
});

describe.runIf(!isRoot || nobodyMayRun(process.execPath))('as a user other than root', () => {
  const uid = isRoot ? NOBODY : undefined;
  test.each(['apply', 'check', 'remove'])('network %s says that it takes root', async (verb) => {
    const where = verb === 'remove' ? [] : ['--config', '/dev/null', '--network-agent-user', '7'];
    const command = [...rolekeeper, 'network', verb, ...where];
    const { code, stderr } = await run(command, uid === undefined ? {} : { uid });
    expect(stderr).toContain(`rolekeeper: network ${verb} needs root`);
    expect(code).toBe(1);
  });

  test('network plan needs nothing', async () => {
    const command = [...rolekeeper, 'network', 'plan', '--config', '/dev/null', '--network-agent-user', '7'];
    const { code, stderr } = await run(command, uid === undefined ? {} : { uid });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
