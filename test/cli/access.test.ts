import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/agent-process.ts';
import { rolekeeper, run } from '../support/child.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'config.toml');
});
afterEach(() => directory[Symbol.dispose]());

const RULES = `[[deny]]
user = "65534"
[[allow]]
group = "0"
unit = "backup.service"
surfaces = ["agent_socket"]
[[allow]]
user = "1001"
surfaces = ["imds_endpoint"]
`;

function accessTest(...args: readonly string[]) {
  return run([...rolekeeper, 'access', 'test', '--config', path, ...args]);
}

describe('access test', () => {
  test.each([
    [
      '--user 65534 --surface line_socket',
      4,
      'denied over line_socket, by [[deny]] user = "65534" at CONFIG:1\n',
    ],
    [
      '--user 1001 --surface imds_endpoint',
      0,
      'allowed over imds_endpoint, by [[allow]] user = "1001" at CONFIG:7\nimds_endpoint: the first rule that fits decides; nobody else; and its tokens are asked for, as IMDS does.\n',
    ],
    [
      '--user 7 --surface imds_endpoint',
      4,
      'denied over imds_endpoint, because no [[allow]] for imds_endpoint fits\n',
    ],
    [
      '--user root --surface agent_socket --unit backup.service',
      0,
      'allowed over agent_socket, by [[allow]] group = "0", unit = "backup.service" at CONFIG:3\n',
    ],
    [
      '--user root --surface agent_socket',
      4,
      'denied over agent_socket, because no [[allow]] for agent_socket fits\n',
    ],
    [
      '--user 7 --group 1 0 --surface agent_socket --unit backup.service',
      0,
      'allowed over agent_socket, by [[allow]]',
    ],
    [
      '--user 7 --surface line_socket',
      0,
      'allowed over line_socket, because no [[deny]] for line_socket fits, and there is no [[allow]] for it\n',
    ],
  ])('%s: %i', async (args, code, words) => {
    writeFileSync(path, RULES);
    const ended = await accessTest(...args.split(' '));
    expect(ended).toMatchObject({ code, stderr: '' });
    expect(ended.stdout).toContain(words.replaceAll('CONFIG', path));
  });

  test.each([
    ['--surface agent_socket', 'required option'],
    ['--user root', 'required option'],
    ['--user root --surface agent', 'Allowed choices are agent_socket, line_socket'],
    ['--user no-such-user --surface agent_socket', 'There is no user no-such-user on this machine'],
    ['--user root --group no-such-group --surface agent_socket', 'There is no group no-such-group'],
    ['--user root --surface imds_endpoint --exe /bin/sh', 'neither unit nor exe of a caller is known'],
  ])('%s is refused: 2', async (args, words) => {
    writeFileSync(path, RULES);
    const ended = await accessTest(...args.split(' '));
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(words);
  });

  test.each([
    ['[[allow]]\nuser = ""', 'allow.user must not be empty'],
    ['[[allow]]\nuser = "no-such-user"', ':1: there is no user no-such-user on this machine'],
  ])('a configuration that is wrong is told: %j', async (text, words) => {
    writeFileSync(path, text);
    const ended = await accessTest('--user', 'root', '--surface', 'agent_socket');
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(words);
  });

  test('its help says how rules are read', async () => {
    const { stdout } = await accessTest('--help');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('The first rule that fits decides');
  });
});

describe('config check', () => {
  test('says what each rule means, in its place, and what then holds for each surface', async () => {
    writeFileSync(path, RULES);
    const { code, stdout, stderr } = await run([...rolekeeper, 'config', 'check', '--config', path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const control = 'its file mode and group decide who can connect.';
    expect(stdout.replaceAll(path, 'c.toml').split('\n')).toEqual([
      'c.toml:1: Programs of user 65534 may not ask over agent_socket, line_socket, container_endpoint and imds_endpoint, nor may callers of whom that cannot be known.',
      'c.toml:3: Programs in group 0 in unit backup.service may ask over agent_socket.',
      'c.toml:7: Programs of user 1001 may ask over imds_endpoint.',
      `agent_socket: the first rule that fits decides; nobody else; and ${control}`,
      `line_socket: the first rule that fits decides; everybody else may; and ${control}`,
      'container_endpoint: the first rule that fits decides; everybody else may; and its container_endpoint.authorize is asked for, too.',
      'imds_endpoint: the first rule that fits decides; nobody else; and its tokens are asked for, as IMDS does.',
      'ok',
      '',
    ]);
  });

  test('tells of every name that nobody has here', async () => {
    writeFileSync(path, '[[allow]]\nuser = "no-such-user"\n[[deny]]\ngroup = "no-such-group"');
    const { code, stdout, stderr } = await run([...rolekeeper, 'config', 'check', '--config', path]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/:1: there is no user no-such-user .*\n.*:3: there is no group no-such-group /);
  });

  test('config show names the rules and where they are', async () => {
    writeFileSync(path, RULES);
    const { stdout } = await run([...rolekeeper, 'config', 'show', '--config', path]);
    expect(stdout).toMatch(/^allow: user = "1001", surfaces = \["imds_endpoint"\] +\(.*config\.toml:7\)$/m);
  });
});
