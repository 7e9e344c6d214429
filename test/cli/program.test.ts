import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { systemBoot, systemClock } from '../../src/platform/clock.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { countingServer } from '../support/counting-server.ts';

/** The command line as a function. It is told to stop from the start: what runs until a signal ends at once. */
const program = (...args: readonly string[]) => programIn({}, ...args);

async function programIn(env: NodeJS.ProcessEnv, ...args: readonly string[]) {
  const output = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof output) =>
    new Writable({
      write(chunk, _encoding, done) {
        output[name] += chunk;
        done();
      },
    });
  const code = await runProgram(['node', 'rolekeeper', ...args], {
    env: { ROLEKEEPER_RUNTIME_DIR: '/nonexistent/rolekeeper', ...env },
    uid: 0,
    pid: 1,
    version: '1.2.3',
    clock: systemClock,
    boot: systemBoot(),
    random: seededRandom(1),
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    stop: AbortSignal.abort('SIGTERM'),
  });
  return { code, ...output };
}

const help = (await program('--help')).stdout;
const verbs = [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z-]+)/gm)]
  .map((match) => match[1] ?? '')
  .filter((verb) => verb !== 'help' && verb !== 'credential-process');

test('--help lists the verbs, and --version says the version alone', async () => {
  expect(verbs).toEqual(expect.arrayContaining(['serve', 'start', 'wait', 'simulate', 'demo']));
  expect(await program('--version')).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
});

describe.each(verbs)('%s', (verb) => {
  test('--help says what it is for, on stdout, and is no error', async () => {
    const { code, stdout, stderr } = await program(verb, '--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: rolekeeper ${verb} `));
    expect(stdout).toContain('Options:');
  });

  test('--help touches neither the agent nor IMDS', async () => {
    using directory = temporaryDirectory();
    await using agent = await countingServer(join(directory.path, 'agent.sock'));
    await using imds = await countingServer();
    const env = { ROLEKEEPER_RUNTIME_DIR: directory.path, ROLEKEEPER_IMDS_ENDPOINT: imds.url };
    expect((await programIn(env, verb, '--help')).code).toBe(0);
    expect([agent.connections(), imds.connections()]).toEqual([0, 0]);
  });

  test('an unknown flag is an error of usage, told on stderr', async () => {
    const { code, stdout, stderr } = await program(verb, '--no-such-flag');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: (unknown|required) option /);
  });
});

describe('An error of usage, exit code 2, is', () => {
  test.each([
    [['evre'], "error: unknown command 'evre'"],
    [['server'], '(Did you mean serve?)'],
    [['--no-such-flag'], "error: unknown option '--no-such-flag'"],
    [['serve', 'now'], "too many arguments for 'serve'"],
    [['wait', '--timeout', 'long'], 'Expected a length of time such as 90s, 5m or 6h.'],
    [['wait', '--timeout'], "option '--timeout <duration>' argument missing"],
    [['simulate', '--listen', 'nowhere'], 'rolekeeper: Not an address to listen on: "nowhere"'],
    [['simulate', '--listen', '192.0.2.1:80'], 'rolekeeper: Refused to listen on 192.0.2.1'],
    [['simulate', '--lifetime', '1s'], 'rolekeeper: The lifetime of a credential set must be at least 2 s'],
    [['simulate', '--lifetime', '6'], 'Expected a length of time'],
    [['simulate', '--fault', 'flood'], 'Not a fault: "flood"'],
    [['serve', '--runtime-dir', 'relative'], 'must name the runtime directory by an absolute path'],
    [['serve', '--config', '/nonexistent.toml', '--log-level', 'loud'], '/nonexistent.toml: does not exist'],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await program(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

test('An address that is taken is a failure, and no error of usage', async () => {
  await using taken = await countingServer();
  const address = taken.url.slice('http://'.length);
  const { code, stdout, stderr } = await program('simulate', '--listen', address);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`rolekeeper: Cannot listen on ${address.replace(':', ' port ')}`);
  expect(stderr).toContain('choose another port');
});
