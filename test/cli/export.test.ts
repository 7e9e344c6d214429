import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportSet } from '../../src/cli/export.ts';
import type { ExportFormat } from '../../src/domain/export-formats.ts';
import {
  type AgentProcess,
  agentProcess,
  type SimulatedSet,
  type SimulatorProcess,
  simulatorProcess,
  temporaryDirectory,
} from '../support/agent-process.ts';
import { rolekeeper, run } from '../support/child.ts';
import { programPath } from '../support/machine.ts';
import { manualClock } from '../support/manual-clock.ts';

let simulator: SimulatorProcess;
let agent: AgentProcess;
let set: SimulatedSet;
const directory = temporaryDirectory();
const env = { ROLEKEEPER_RUNTIME_DIR: directory.path };
const command = [...rolekeeper, 'export'];

beforeAll(async () => {
  simulator = await simulatorProcess();
  agent = await agentProcess({ endpoint: simulator.url, runtimeDirectory: directory.path });
  await agent.becomes((status) => status.serving);
  set = await simulator.currentSet();
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

test('without options it prints shell variables, and nothing on stderr', async () => {
  const ended = await run(command, { env });
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout).toBe(`export AWS_ACCESS_KEY_ID='${set.accessKeyId}';
export AWS_SECRET_ACCESS_KEY='${set.secretAccessKey}';
export AWS_SESSION_TOKEN='${set.sessionToken}';
export AWS_CREDENTIAL_EXPIRATION='${set.expiration}';
export AWS_ACCOUNT_ID='111122223333';
# role example-role, key id ending in ${set.accessKeyId.slice(-4)}, expires ${set.expiration}
`);
});

const shells = [
  ['sh', 'eval "$(rolekeeper export)"; echo $AWS_ACCESS_KEY_ID $AWS_SESSION_TOKEN'],
  ['sh', 'eval $(rolekeeper export); echo $AWS_ACCESS_KEY_ID $AWS_SESSION_TOKEN'],
  ['bash', '. <(rolekeeper export --format env); echo $AWS_ACCESS_KEY_ID $AWS_SESSION_TOKEN'],
  ['zsh', 'eval $(rolekeeper export); echo $AWS_ACCESS_KEY_ID $AWS_SESSION_TOKEN'],
  ['fish', 'rolekeeper export --format fish | source; echo $AWS_ACCESS_KEY_ID $AWS_SESSION_TOKEN'],
  ['fish', 'eval (rolekeeper export --format fish); echo $AWS_ACCESS_KEY_ID $AWS_SESSION_TOKEN'],
] as const;

describe.each(shells.map(([shell, line]) => ({ shell, line, path: programPath(shell) })))(
  '$shell',
  (each) => {
    const { shell, line, path } = each;
    const why = path === undefined ? ' (skipped: not installed)' : '';
    test.skipIf(path === undefined)(`${line}${why}`, () => {
      const defined =
        shell === 'fish'
          ? `function rolekeeper; ${rolekeeper.join(' ')} $argv; end; ${line}`
          : `rolekeeper() { ${rolekeeper.join(' ')} "$@"; }; ${line}`;
      const { stdout, stderr } = spawnSync(path ?? '', ['-c', defined], {
        env: { ...env, HOME: directory.path, PATH: '/usr/bin:/bin' },
        encoding: 'utf8',
      });
      expect({ stdout, stderr }).toEqual({ stdout: `${set.accessKeyId} ${set.sessionToken}\n`, stderr: '' });
    });
  },
);

test('ini is a profile of that name', async () => {
  const { code, stdout } = await run([...command, '--format', 'ini', '--profile', 'app'], { env });
  expect(code).toBe(0);
  expect(stdout).toContain(`\n[app]\naws_access_key_id = ${set.accessKeyId}\n`);
});

test('json is one object', async () => {
  const { stdout } = await run([...command, '--format', 'json'], { env });
  expect(JSON.parse(stdout)).toMatchObject({ Version: 1, SessionToken: set.sessionToken });
});

describe('nothing is on stdout, and one line on stderr says why,', () => {
  test('where no agent listens: 3', async () => {
    using empty = temporaryDirectory();
    const ended = await run(command, { env: { ROLEKEEPER_RUNTIME_DIR: empty.path } });
    expect(ended).toMatchObject({ code: 3, stdout: '' });
    expect(ended.stderr).toMatch(/^rolekeeper: No agent is listening [^\n]+\n$/);
  });

  test('where there are no credentials yet: 6', async () => {
    using runtime = temporaryDirectory();
    await using troubled = await simulatorProcess('--fault', 'code=AssumeRoleUnauthorizedAccess');
    await using _agent = await agentProcess({ endpoint: troubled.url, runtimeDirectory: runtime.path });
    const ended = await run(command, { env: { ROLEKEEPER_RUNTIME_DIR: runtime.path } });
    expect(ended).toMatchObject({ code: 6, stdout: '' });
    expect(ended.stderr).toMatch(/^rolekeeper: No credentials were fetched yet\. [^\n]+\n$/);
  });

  test.each([
    ['an unknown format', ['--format', 'csh']],
    ['a profile that no SDK could name', ['--format', 'ini', '--profile', 'a b']],
    ['a directory that is not absolute', ['--runtime-dir', 'run']],
  ])('for %s: 2', async (_, options) => {
    const ended = await run([...command, ...options], { env });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(/^[^\n]+\n$/);
  });
});

test.each([
  ['env', 'eval "$(rolekeeper export)"'],
  ['fish', 'source'],
  ['json', 'a file or a program'],
] as const)('on a terminal, %s is followed by a word of warning', async (format, hint) => {
  const stdout = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = new PassThrough().setEncoding('utf8');
  await exported(format, stdout, stderr);
  expect(stderr.read()).toMatch(
    new RegExp(`^rolekeeper: [^\\n]*scrollback; [^\\n]*${escaped(hint)}[^\\n]*\\n$`),
  );
});

function exported(format: ExportFormat, stdout: PassThrough, stderr: PassThrough) {
  const world = {
    env,
    uid: 0,
    pid: 1,
    version: '0.0.0',
    clock: manualClock(),
    boot: { id: 'EXAMPLE', uptimeSeconds: () => 0 },
    random: () => 0.5,
    stdout,
    stderr,
    stop: new AbortController().signal,
  };
  return exportSet({ format, profile: 'default' }, world);
}

function escaped(text: string): string {
  return text.replaceAll(/[$()"]/g, '\\$&');
}
