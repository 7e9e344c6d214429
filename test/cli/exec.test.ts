import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AgentProcess,
  agentProcess,
  type SimulatedSet,
  type SimulatorProcess,
  simulatorProcess,
  temporaryDirectory,
} from '../support/agent-process.ts';
import { rolekeeper, run, startChild } from '../support/child.ts';

/** The same command line in a runtime that has no execve. */
const withoutExecve = [
  process.execPath,
  '--input-type=module',
  '--eval',
  `Object.defineProperty(process, 'execve', { value: undefined });
   process.argv.splice(1, 0, ${JSON.stringify(rolekeeper[1])});
   await import(${JSON.stringify(rolekeeper[1])});`,
  '--',
];

let simulator: SimulatorProcess;
let agent: AgentProcess;
let set: SimulatedSet;
const directory = temporaryDirectory();
const env = { ROLEKEEPER_RUNTIME_DIR: directory.path, PATH: '/usr/bin:/bin' };

beforeAll(async () => {
  simulator = await simulatorProcess('--lifetime', '10m');
  agent = await agentProcess({ endpoint: simulator.url, runtimeDirectory: directory.path });
  await agent.becomes((status) => status.serving);
  set = await simulator.currentSet();
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

describe.each([
  ['by execve', rolekeeper],
  ['without execve', withoutExecve],
])('%s', (_, command) => {
  const exec = [...command, 'exec'];

  test('the command has the set in its environment, and nothing of other credentials', async () => {
    const given = {
      ...env,
      KEPT: 'as it "was"\n',
      AWS_REGION: 'eu-central-1',
      AWS_CONFIG_FILE: '/etc/aws.config',
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLESTALE0000',
      AWS_ACCOUNT_ID: '999999999999',
      AWS_PROFILE: 'other',
      AWS_DEFAULT_PROFILE: 'other',
      AWS_SECURITY_TOKEN: 'EXAMPLEstale',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/run/token',
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/x',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:9/x',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'EXAMPLEtoken',
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/run/token',
    };
    const { code, stdout, stderr } = await run([...exec, '--', 'env', '-0'], { env: given });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(environment(stdout)).toEqual({
      ROLEKEEPER_RUNTIME_DIR: directory.path,
      PATH: '/usr/bin:/bin',
      KEPT: 'as it "was"\n',
      AWS_REGION: 'eu-central-1',
      AWS_CONFIG_FILE: '/etc/aws.config',
      AWS_ACCESS_KEY_ID: set.accessKeyId,
      AWS_SECRET_ACCESS_KEY: set.secretAccessKey,
      AWS_SESSION_TOKEN: set.sessionToken,
      AWS_CREDENTIAL_EXPIRATION: set.expiration,
      AWS_ACCOUNT_ID: '111122223333',
    });
  });

  test.each([[['--']], [[]], [['--min-remaining', '1s', '--']], [['--min-remaining', '1s']]])(
    'after %j everything is the command’s own',
    async (before) => {
      const args = ['--min-remaining', '', 'a b', '--', '--help', '-V', '$HOME', '\n'];
      const echo = [process.execPath, '-p', 'JSON.stringify(process.argv.slice(1))', '--'];
      const { code, stdout, stderr } = await run([...exec, ...before, ...echo, ...args], { env });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual(args);
    },
  );

  test('it is called by the name that was given', async () => {
    const { stdout } = await run([...exec, '--', 'sh', '-c', 'tr "\\0" " " </proc/$$/cmdline'], { env });
    expect(stdout).toMatch(/^sh -c /);
  });

  test('stdin, stdout and stderr are the caller’s', () => {
    const [program = '', ...args] = [...exec, '--', 'sh', '-c', 'cat; echo err >&2'];
    const { stdout, stderr } = spawnSync(program, args, { env, input: 'in\n', encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 'in\n', stderr: 'err\n' });
  });

  test('pipes are blocking and no signal is ignored, as in a shell', async () => {
    const script = 'grep flags /proc/self/fdinfo/[012]; grep SigIgn /proc/self/status; echo >&2';
    const child = startChild([...exec, '--', 'sh', '-c', script], { env, stdin: 'open' });
    const { stdout } = await child.ended;
    const flags = [...stdout.matchAll(/flags:\s+(\d+)/g)].map(([, octal = '']) => Number.parseInt(octal, 8));
    expect(flags).toHaveLength(3);
    for (const each of flags) expect(each & 0o4000).toBe(0);
    expect(stdout).toMatch(/SigIgn:\s+0{16}\n/);
  });

  test.each([0, 1, 7, 255])('its exit code %i is the result', async (code) => {
    expect(await run([...exec, '--', 'sh', '-c', `exit ${code}`], { env })).toMatchObject({
      code,
      stderr: '',
    });
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const)(
    '%s reaches it',
    async (signal) => {
      const script = `trap 'echo got; exit 9' ${signal.slice(3)}; echo ready; read line`;
      const child = startChild([...exec, '--', 'sh', '-c', script], { env, stdin: 'open' });
      await child.says(/ready/);
      child.kill(signal);
      expect(await child.ended).toMatchObject({ code: 9, stdout: 'ready\ngot\n', stderr: '' });
    },
  );

  test('a file without #! is a shell script', async () => {
    const file = executable('script', 'echo "$0 $1 $AWS_ACCESS_KEY_ID"\n');
    const { stdout } = await run([...exec, '--', file, 'x'], { env });
    expect(stdout).toBe(`${file} x ${set.accessKeyId}\n`);
  });

  test('a file whose interpreter is missing is not run, and that is said', async () => {
    const file = executable('orphan', '#!/nonexistent/interpreter\n');
    const { code, stdout, stderr } = await run([...exec, '--', file], { env });
    expect(code).toBeGreaterThan(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^rolekeeper: [^\n]*ENOENT[^\n]*\n$/);
    expect(stderr).not.toContain('EXAMPLE');
  });
});

test('with execve the process stays the same one', async () => {
  const child = startChild([...rolekeeper, 'exec', '--', 'sh', '-c', 'echo $$'], { env });
  expect((await child.ended).stdout).toBe(`${child.pid}\n`);
});

test('with execve a signal that ends the command ends it for the caller too', async () => {
  const ended = await run([...rolekeeper, 'exec', '--', 'sh', '-c', 'kill -TERM $$'], { env });
  expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' });
});

test('without execve a signal that ends the command becomes 128 and its number', async () => {
  const ended = await run([...withoutExecve, 'exec', '--', 'sh', '-c', 'kill -TERM $$'], { env });
  expect(ended).toMatchObject({ code: 143, signal: null });
});

test('a shell pipeline whose reader leaves ends quietly', async () => {
  const ended = await run([...rolekeeper, 'exec', '--', 'sh', '-c', 'yes | head -n 1'], { env });
  expect(ended).toMatchObject({ code: 0, stdout: 'y\n', stderr: '' });
});

test('on debug, what was left out of the environment is named, without values', async () => {
  const given = {
    ...env,
    ROLEKEEPER_LOG_LEVEL: 'debug',
    AWS_PROFILE: 'EXAMPLEother',
    AWS_SECRET_KEY: 'EXAMPLE',
  };
  const { stderr } = await run([...rolekeeper, 'exec', '--', 'true'], { env: given });
  expect(stderr).toBe('rolekeeper: not passed on to true: AWS_PROFILE, AWS_SECRET_KEY\n');
});

describe('nothing is run, and one line says why,', () => {
  const marker = join(directory.path, 'was-run');

  async function refused(options: readonly string[], runtimeDirectory = directory.path) {
    const command = [...rolekeeper, 'exec', ...options, '--', 'touch', marker];
    const ended = await run(command, { env: { ...env, ROLEKEEPER_RUNTIME_DIR: runtimeDirectory } });
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toMatch(/^rolekeeper: [^\n]+\n$/);
    expect(ended.stderr).not.toContain('EXAMPLE');
    expect(existsSync(marker)).toBe(false);
    return ended;
  }

  test('where less life is left than was asked for: 6', async () => {
    const { code, stderr } = await refused(['--min-remaining', '15m']);
    expect(code).toBe(6);
    expect(stderr).toMatch(/have (9m|10m|\d+s) left, less than the 15m of --min-remaining/);
    expect((await run([...rolekeeper, 'exec', '--min-remaining', '5m', '--', 'true'], { env })).code).toBe(0);
  });

  test('where no agent listens: 3', async () => {
    using empty = temporaryDirectory();
    expect((await refused([], empty.path)).code).toBe(3);
  });

  test('where there is no role: 5', async () => {
    using runtime = temporaryDirectory();
    await using roleless = await simulatorProcess('--no-role');
    await using _agent = await agentProcess({ endpoint: roleless.url, runtimeDirectory: runtime.path });
    expect((await refused([], runtime.path)).code).toBe(5);
  });

  test('where the runtime directory is named badly: 2', async () => {
    expect((await refused([], 'run')).code).toBe(2);
  });

  test.each([
    ['there is no such program', 127, ['no-such-program-EX'], 'no program "no-such-program-EX" in PATH'],
    ['there is no such file', 127, ['/nonexistent/program'], 'no file /nonexistent/program'],
    ['the name is empty', 127, [''], 'no program ""'],
    ['it is a directory', 126, ['/etc'], '/etc is a directory'],
    ['it is not executable', 126, ['/etc/passwd'], '/etc/passwd is not executable'],
  ])('where %s: %i', async (_, code, command, message) => {
    const ended = await run([...rolekeeper, 'exec', '--', ...command], { env });
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(message);
  });

  test('where the only such file in PATH is not executable: 126', async () => {
    const folder = join(directory.path, 'bin');
    mkdirSync(folder);
    writeFileSync(join(folder, 'tool'), '');
    const command = [...rolekeeper, 'exec', '--', 'tool'];
    const searched = { ...env, PATH: `${folder}:/usr/bin` };
    const ended = await run(command, { env: searched });
    expect(ended).toMatchObject({ code: 126, stdout: '' });
  });

  test('without a command: 2', async () => {
    expect(await run([...rolekeeper, 'exec'], { env })).toMatchObject({ code: 2, stdout: '' });
    expect(await run([...rolekeeper, 'exec', '--min-remaining', '5', '--', 'true'], { env })).toMatchObject({
      code: 2,
      stdout: '',
    });
  });
});

test('without PATH the system’s folders are searched', async () => {
  const { PATH: _, ...others } = env;
  expect((await run([...rolekeeper, 'exec', '--', 'true'], { env: others })).code).toBe(0);
});

function executable(name: string, content: string): string {
  const file = join(directory.path, name);
  writeFileSync(file, content);
  chmodSync(file, 0o755);
  return file;
}

function environment(text: string): Record<string, string> {
  const lines = text.split('\0').filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}
