import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { simulatorProcess, temporaryDirectory } from '../support/agent-process.ts';
import { rolekeeper, run, startChild } from '../support/child.ts';
import { countingServer } from '../support/counting-server.ts';

describe.concurrent('--help', () => {
  test('lists every verb, credential-process too', async () => {
    const { code, stdout, stderr } = await run([...rolekeeper, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const verb of ['serve', 'start', 'credential-process', 'wait', 'simulate', 'demo']) {
      expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
    }
  });

  test.each(['serve', 'credential-process'])('of %s touches no directory and no network', async (verb) => {
    using directory = temporaryDirectory();
    await using imds = await countingServer();
    const runtime = join(directory.path, 'nonexistent');
    const env = { ROLEKEEPER_RUNTIME_DIR: runtime, ROLEKEEPER_IMDS_ENDPOINT: imds.url };
    const ended = await run([...rolekeeper, verb, '--help'], { env, cwd: directory.path });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^Usage: rolekeeper /);
    expect(existsSync(runtime)).toBe(false);
    expect(imds.connections()).toBe(0);
  });
});

describe.concurrent('A wrong command line exits 2, with the reason on stderr and nothing on stdout', () => {
  test.each([
    [['simulate', '--listen', 'nowhere'], 'rolekeeper: Not an address to listen on: "nowhere"'],
    [['credential-process', '--no-such-flag'], "rolekeeper: Unknown option '--no-such-flag'"],
    [[], 'Usage: rolekeeper'],
  ])('%j', async (args, message) => {
    const ended = await run([...rolekeeper, ...args]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).not.toMatch(/^ +at /m);
  });
});

describe.concurrent('simulate', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'says where it listens, and ends with 0 on %s',
    async (signal) => {
      await using simulator = await simulatorProcess();
      expect((await fetch(`${simulator.url}/latest/meta-data/instance-id`)).status).toBe(401);
      simulator.child.kill(signal);
      expect(await simulator.child.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    },
  );

  test('logs on stderr what it was asked, and never a token or a secret', async () => {
    const child = startChild([...rolekeeper, 'simulate', '--listen', '127.0.0.1:0']);
    const url = (await child.says(/^simulator listening on (\S+)\n/))[1] ?? '';
    const token = await fetch(`${url}/latest/api/token`, {
      method: 'PUT',
      headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '60' },
    }).then((response) => response.text());
    await fetch(`${url}/latest/meta-data/iam/security-credentials/example-role`, {
      headers: { 'X-aws-ec2-metadata-token': token },
    });
    child.kill('SIGTERM');
    const { stderr } = await child.ended;
    expect(stderr.match(/Simulated IMDS saw a request/g)).toHaveLength(2);
    expect(stderr).not.toContain(token);
    expect(stderr).not.toContain('EXAMPLE');
  });
});
