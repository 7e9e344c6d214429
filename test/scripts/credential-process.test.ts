import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { agentProcess, simulatorProcess, temporaryDirectory } from '../support/agent-process.ts';
import { helper, run } from '../support/child.ts';
import {
  bootId,
  exampleAnswer,
  FALLBACK,
  fileContent,
  helperFixture,
  rewriteKeepUntil,
  uptime,
} from '../support/helper-fixture.ts';
import { onReadOnlyRoot, programPath, withoutForks } from '../support/machine.ts';

const FAR = 9_999_999_999;

const SHELLS = [
  [programPath('dash') ?? 'dash'],
  [programPath('bash') ?? 'bash', '--posix'],
  [programPath('busybox') ?? 'busybox', 'sh'],
].map((shell) => ({ shell, name: shell.join(' '), isHere: shell[0]?.startsWith('/') === true }));

for (const { shell, name, isHere } of SHELLS) {
  const title = `under ${name}${isHere ? '' : ' (skipped: it is not on this machine)'}`;
  describe.skipIf(!isHere)(title, () => {
    const printed = { code: 0, stdout: `${exampleAnswer}\n`, stderr: '' };
    const notPrinted = { code: FALLBACK, stdout: '', stderr: 'asked the command: credential-process\n' };

    test('the answer is printed as it stands in the file, without its last member', async () => {
      using fixture = helperFixture();
      fixture.write(fileContent(exampleAnswer, uptime() + 60));
      expect(await fixture.run(shell)).toMatchObject(printed);
    });

    test.each([
      ['spaces', 'run time  dir'],
      ['what a shell expands', '$(touch hit) `touch hit` * ? [a] ~ {a,b} %s \\n'],
      ['quotes', `it's "quoted"`],
    ])('a directory name with %s is taken as it is', async (_, runtimeName) => {
      using fixture = helperFixture(runtimeName);
      fixture.write(fileContent(exampleAnswer, uptime() + 60));
      expect(await fixture.run(shell, { cwd: fixture.directory, ...envOf(fixture) })).toMatchObject(printed);
      expect(existsSync(join(fixture.directory, 'hit'))).toBe(false);
    });

    test('backslashes and percent signs are no commands to the shell or to printf', async () => {
      using fixture = helperFixture();
      const answer = exampleAnswer.replace('EXAMPLESecretAccessKey', '\\\\EXAMPLE\\n%s%d\\u0041\\c');
      fixture.write(fileContent(answer, uptime() + 60));
      expect(await fixture.run(shell)).toMatchObject({ code: 0, stdout: `${answer}\n`, stderr: '' });
    });

    test('every byte before the last comes from the answer, when the answer holds a KeepUntil of its own', async () => {
      using fixture = helperFixture();
      const answer = fileContent(exampleAnswer, FAR).trim();
      fixture.write(fileContent(answer, uptime() + 60));
      expect(await fixture.run(shell)).toMatchObject({ code: 0, stdout: `${answer}\n` });
      fixture.write(fileContent(answer, uptime()));
      expect(await fixture.run(shell)).toMatchObject(notPrinted);
    });

    test.each([
      ['stdin is closed', '<&-'],
      ['stdin and stderr are closed', '<&- 2>&-'],
    ])('it answers where %s', async (_, closing) => {
      using fixture = helperFixture();
      fixture.write(fileContent(exampleAnswer, uptime() + 60));
      const command = ['/bin/sh', '-c', `exec "$@" ${closing}`, 'sh', ...shell, fixture.helper];
      expect(await run(command, envOf(fixture))).toMatchObject(printed);
    });

    test('it answers where stdin is a pipe that never ends', async () => {
      using fixture = helperFixture();
      fixture.write(fileContent(exampleAnswer, uptime() + 60));
      expect(await fixture.run(shell, { stdin: 'open', ...envOf(fixture) })).toMatchObject(printed);
    });

    test('a failed write is a failure', async () => {
      using fixture = helperFixture();
      fixture.write(fileContent(exampleAnswer, uptime() + 60));
      const command = ['/bin/sh', '-c', 'exec "$@" >/dev/full', 'sh', ...shell, fixture.helper];
      expect((await run(command, envOf(fixture))).code).not.toBe(0);
    });

    test('an answer whose time is over is never printed, not even in its last second', async () => {
      using fixture = helperFixture();
      for (const until of [uptime(), uptime() - 1, 1, 0]) {
        fixture.write(fileContent(exampleAnswer, until));
        expect(await fixture.run(shell), String(until)).toMatchObject(notPrinted);
      }
    });

    test('an answer of another boot is never printed', async () => {
      using fixture = helperFixture();
      for (const boot of ['00000000-0000-4000-8000-000000000000', '', bootId.slice(1), `${bootId}0`, '*']) {
        fixture.write(fileContent(exampleAnswer, FAR, boot));
        expect(await fixture.run(shell), boot).toMatchObject(notPrinted);
      }
    });

    test('a file that was cut short is never printed, wherever it was cut', async () => {
      using fixture = helperFixture();
      const whole = fileContent(exampleAnswer, FAR);
      const step = 97;
      const lengths = Array.from({ length: Math.ceil(whole.length / step) }, (_, index) => index * step);
      for (let fromEnd = 1; fromEnd <= 20; fromEnd++) lengths.push(whole.length - fromEnd);
      for (const length of lengths) {
        fixture.write(whole.slice(0, length));
        expect(await fixture.run(shell), `${length} bytes`).toMatchObject(notPrinted);
      }
    });

    test.each([
      ['is missing', undefined],
      ['is empty', ''],
      ['is a line break', '\n'],
      ['is the answer alone', `${exampleAnswer}\n`],
      ['has no deadline', fileContent(exampleAnswer, '')],
      ['has a negative deadline', fileContent(exampleAnswer, `-${FAR}`)],
      ['has a deadline of too many digits', fileContent(exampleAnswer, '9'.repeat(11))],
      ['has a deadline of a thousand digits', fileContent(exampleAnswer, '9'.repeat(1000))],
      ['has a hexadecimal deadline', fileContent(exampleAnswer, '0xfffffff')],
      ['has a deadline with a fraction', fileContent(exampleAnswer, '9999999.9')],
      ['has blanks around its deadline', fileContent(exampleAnswer, ' 9999999 ')],
      ['has a sum for a deadline', fileContent(exampleAnswer, '1+9999999')],
      ['has a variable for a deadline', fileContent(exampleAnswer, '$uptime')],
      ['has a command for a deadline', fileContent(exampleAnswer, '$(touch hit)')],
      ['has a command in backticks for a deadline', fileContent(exampleAnswer, '`touch hit`')],
      ['has an array index for a deadline', fileContent(exampleAnswer, 'a[$(touch hit)]')],
      ['has a quoted deadline', fileContent(exampleAnswer, `"9999999"`)],
      [
        'has its deadline in a member of another name',
        fileContent(exampleAnswer, FAR).replace('KeepUntil', 'Until'),
      ],
      ['says more after its deadline', fileContent(exampleAnswer, FAR).replace('"}\n', '"},1}\n')],
      ['has its parts in another order', `{"KeepUntil":"${FAR}/${bootId}",${exampleAnswer.slice(1)}\n`],
      ['is a shell script', '#!/bin/sh\ntouch hit\n'],
      ['is a command', '$(touch hit)\n`touch hit`\n; touch hit;\n'],
      ['is not text', Buffer.from([0, 1, 2, 0xff, 0xfe, 0x0a, 0])],
      ['is a megabyte without a line break', 'x'.repeat(1_000_000)],
    ])('nothing is printed and nothing executed when the file %s', async (_, content) => {
      using fixture = helperFixture();
      if (content !== undefined) fixture.write(content);
      expect(await fixture.run(shell, { cwd: fixture.directory, ...envOf(fixture) })).toMatchObject(
        notPrinted,
      );
      expect(existsSync(join(fixture.directory, 'hit'))).toBe(false);
    });

    test('a command in the answer is printed, not executed', async () => {
      using fixture = helperFixture();
      const answer = exampleAnswer.replace('EXAMPLESecretAccessKey', '$(touch hit)`touch hit`;touch hit');
      fixture.write(fileContent(answer, uptime() + 60));
      const ended = await fixture.run(shell, { cwd: fixture.directory, ...envOf(fixture) });
      expect(ended).toMatchObject({ code: 0, stdout: `${answer}\n` });
      expect(existsSync(join(fixture.directory, 'hit'))).toBe(false);
    });

    test('the command is asked where the directory is not named by an absolute path', async () => {
      using fixture = helperFixture();
      fixture.write(fileContent(exampleAnswer, uptime() + 60));
      const env = { ROLEKEEPER_RUNTIME_DIR: 'run' };
      expect(await fixture.run(shell, { cwd: fixture.directory, env })).toMatchObject(notPrinted);
    });

    test('the command is asked, with the same arguments, where there are any', async () => {
      using fixture = helperFixture();
      fixture.write(fileContent(exampleAnswer, uptime() + 60));
      const ended = await fixture.run(shell, { args: ['--runtime-dir', '/a b'], ...envOf(fixture) });
      const stderr = 'asked the command: credential-process --runtime-dir /a b\n';
      expect(ended).toMatchObject({ code: FALLBACK, stdout: '', stderr });
    });

    test('no program is looked for in PATH', async () => {
      using fixture = helperFixture();
      fixture.write(fileContent(exampleAnswer, uptime() + 60));
      const env = { ...envOf(fixture).env, PATH: '' };
      expect(await fixture.run(shell, { env })).toMatchObject(printed);
    });

    const limited = withoutForks(shell);
    const reason = limited === undefined ? ' (skipped: this machine lets nobody forbid forks)' : '';
    test.skipIf(limited === undefined)(`it starts no process${reason}`, async () => {
      using fixture = helperFixture();
      fixture.write(fileContent(exampleAnswer, uptime() + 60));
      expect(await fixture.run(limited ?? [])).toMatchObject(printed);
    });

    const readOnly = onReadOnlyRoot(shell);
    const why = readOnly === undefined ? ' (skipped: only root can mount / read-only)' : '';
    test.skipIf(readOnly === undefined)(`it needs nothing that can be written to${why}`, async () => {
      using fixture = helperFixture();
      fixture.write(fileContent(exampleAnswer, uptime() + 60));
      const env = { ...envOf(fixture).env, PATH: '/usr/bin:/bin:/usr/sbin:/sbin' };
      expect(await fixture.run(readOnly ?? [], { env })).toMatchObject(printed);
    });
  });
}

describe('with an agent', () => {
  test('it prints what the socket gives, byte for byte, before and after a rotation', async () => {
    await using world = await agentAndSimulator('--imds-check-interval', '200ms');
    const { agent, simulator } = world;
    const ask = async () => [await world.helper(), await agent.ask('/v1/credential-process')] as const;

    const [first, firstAnswer] = await ask();
    expect(first).toMatchObject({ code: 0, stdout: firstAnswer.body, stderr: '' });
    expect(JSON.parse(first.stdout)).toEqual(asAnswer(await simulator.currentSet()));

    const { generation } = await agent.status();
    await simulator.control({ rotate: true });
    await agent.becomes((status) => status.generation > generation);
    const [second, secondAnswer] = await ask();
    expect(second).toMatchObject({ code: 0, stdout: secondAnswer.body, stderr: '' });
    expect(JSON.parse(second.stdout)).toEqual(asAnswer(await simulator.currentSet()));
    expect(second.stdout).not.toBe(first.stdout);
  });

  test('the answer is one object with Version 1 and a whole-second UTC Expiration', async () => {
    await using world = await agentAndSimulator();
    const { stdout } = await world.helper();
    expect(stdout.indexOf('\n')).toBe(stdout.length - 1);
    const answer = JSON.parse(stdout);
    expect(answer.Version).toBe(1);
    expect(answer.Expiration).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(answer).not.toHaveProperty('KeepUntil');
  });

  test('200 at once all get the answer and cause no request to IMDS', async () => {
    await using world = await agentAndSimulator();
    const { body } = await world.agent.ask('/v1/credential-process');
    await world.simulator.forgetRequests();
    const all = await Promise.all(Array.from({ length: 200 }, () => world.helper()));
    for (const ended of all) expect(ended).toMatchObject({ code: 0, stdout: body, stderr: '' });
    expect((await world.simulator.state()).requests.total).toBe(0);

    const single: number[] = [];
    for (let index = 0; index < 50; index++) single.push((await world.helper()).ms);
    const [median, slowest] = [single.toSorted((a, b) => a - b)[25] ?? 0, Math.max(...single)];
    const together = Math.max(...all.map(({ ms }) => ms));
    process.stdout.write(
      `helper: median ${median.toFixed(1)} ms, slowest of 50 ${slowest.toFixed(1)} ms; slowest of 200 at once ${together.toFixed(0)} ms\n`,
    );
  });

  test('it still prints after the agent was killed, and no longer once the deadline is over', async () => {
    await using world = await agentAndSimulator();
    const { body } = await world.agent.ask('/v1/credential-process');
    await world.agent.kill();
    expect(await world.helper()).toMatchObject({ code: 0, stdout: body, stderr: '' });

    rewriteKeepUntil(world.file, uptime());
    const late = await world.helper();
    expect(late).toMatchObject({ code: 3, stdout: '' });
    expect(late.stderr).toMatch(
      /^rolekeeper: No agent is listening on .*agent\.sock \(ECONNREFUSED\)[^\n]*\n$/,
    );
  });

  test('the deadline in the file is not beyond the expiration', async () => {
    await using world = await agentAndSimulator('--policy-static-stability', 'never');
    const keepUntil = Number(/"KeepUntil":"(\d+)\//.exec(readFileSync(world.file, 'utf8'))?.[1]);
    const bootedAt = Date.now() / 1000 - Number.parseFloat(readFileSync('/proc/uptime', 'ascii'));
    const { expiration } = await world.simulator.currentSet();
    expect(bootedAt + keepUntil).toBeLessThanOrEqual(Date.parse(expiration) / 1000 + 0.1);
    expect(bootedAt + keepUntil).toBeGreaterThan(Date.parse(expiration) / 1000 - 2);
  });

  test('after a clean stop it prints nothing, and the command says why', async () => {
    await using world = await agentAndSimulator();
    expect(await world.helper()).toMatchObject({ code: 0 });
    await world.agent.stop();
    const ended = await world.helper();
    expect(ended).toMatchObject({ code: 3, stdout: '' });
    expect(ended.stderr).toMatch(
      /^rolekeeper: No agent is listening on [^\n]*\(systemctl start rolekeeper\)[^\n]*\n$/,
    );
  });

  test('once the role is detached it prints nothing, and the command says so', async () => {
    await using world = await agentAndSimulator('--imds-check-interval', '200ms');
    expect(await world.helper()).toMatchObject({ code: 0 });
    await world.simulator.control({ role: null });
    await world.agent.becomes((status) => !status.serving);
    const ended = await world.helper();
    expect(ended).toMatchObject({ code: 5, stdout: '' });
    expect(ended.stderr).toMatch(/^rolekeeper: The instance's role was detached[^\n]*\n$/);
  });

  test('an answer whose time is over is given by the living agent instead', async () => {
    await using world = await agentAndSimulator();
    const { body } = await world.agent.ask('/v1/credential-process');
    rewriteKeepUntil(world.file, uptime());
    expect(await world.helper()).toMatchObject({ code: 0, stdout: body, stderr: '' });
    writeFileSync(world.file, '');
    expect(await world.helper()).toMatchObject({ code: 0, stdout: body, stderr: '' });
  });
});

test('without a file and an agent, the message and the exit code are those of the command', async () => {
  using directory = temporaryDirectory();
  const ended = await run([helper], { env: { ROLEKEEPER_RUNTIME_DIR: directory.path } });
  expect(ended).toMatchObject({ code: 3, stdout: '' });
  expect(ended.stderr).toBe(
    `rolekeeper: No agent is listening on ${directory.path}/agent.sock (ENOENT): start it (systemctl start rolekeeper) or name its --runtime-dir\n`,
  );
});

function envOf({ runtimeDirectory }: { runtimeDirectory: string }) {
  return { env: { ROLEKEEPER_RUNTIME_DIR: runtimeDirectory } };
}

/** An agent that serves a simulated set, and the helper that reads its file. */
async function agentAndSimulator(...flags: readonly string[]) {
  const directory = temporaryDirectory();
  const simulator = await simulatorProcess();
  const agent = await agentProcess({ endpoint: simulator.url, runtimeDirectory: directory.path, flags });
  await agent.becomes((status) => status.serving);
  return {
    simulator,
    agent,
    file: join(directory.path, 'credential-process.json'),
    helper: () => run([helper], { env: { ROLEKEEPER_RUNTIME_DIR: directory.path } }),
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

function asAnswer(set: {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: string;
}) {
  return {
    Version: 1,
    AccessKeyId: set.accessKeyId,
    SecretAccessKey: set.secretAccessKey,
    SessionToken: set.sessionToken,
    Expiration: set.expiration,
    AccountId: '111122223333',
  };
}
