import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { simulatorProcess, temporaryDirectory } from '../support/agent-process.ts';
import { rolekeeper, run, startChild } from '../support/child.ts';

const overview = await run([...rolekeeper, '--help']);
const verbs = [...overview.stdout.slice(overview.stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z-]+)/gm)]
  .map((match) => match[1] ?? '')
  .filter((verb) => verb !== 'help');

describe('--help', () => {
  test('lists every verb, credential-process too', () => {
    expect(overview).toMatchObject({ code: 0, stderr: '' });
    expect(verbs).toEqual(
      expect.arrayContaining(['serve', 'credential-process', 'wait', 'simulate', 'demo']),
    );
  });

  test('of every verb touches no socket, no directory and no network', async () => {
    using directory = temporaryDirectory();
    const runtime = join(directory.path, 'runtime');
    mkdirSync(runtime);
    await using agent = await counting(join(runtime, 'agent.sock'));
    await using imds = await counting();
    const envs = [
      { ROLEKEEPER_RUNTIME_DIR: join(directory.path, 'nonexistent'), ROLEKEEPER_IMDS_ENDPOINT: imds.url },
      { ROLEKEEPER_RUNTIME_DIR: runtime, AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url },
    ];
    const asked = verbs.flatMap((verb, index) =>
      [envs[index % 2] ?? {}].map((env) =>
        run([...rolekeeper, verb, '--help'], { env, cwd: directory.path }),
      ),
    );
    for (const ended of await Promise.all(asked)) {
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(ended.stdout).toMatch(/^Usage: rolekeeper /);
    }
    expect(existsSync(join(directory.path, 'nonexistent'))).toBe(false);
    expect([agent.connections(), imds.connections()]).toEqual([0, 0]);
  });
});

describe.concurrent('A wrong command line exits 2, with the reason on stderr and nothing on stdout', () => {
  test.each([
    [['evre'], "error: unknown command 'evre'"],
    [['serve', '--no-such-flag'], "error: unknown option '--no-such-flag'"],
    [['simulate', '--no-such-flag'], "error: unknown option '--no-such-flag'"],
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

  test('on an address that is taken, is a failure that says so', async () => {
    await using taken = await counting();
    const ended = await run([...rolekeeper, 'simulate', '--listen', taken.url.slice('http://'.length)]);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('EADDRINUSE');
    expect(ended.stderr).toContain('choose another port');
  });
});

/** Counts the connections that are made to it, and breaks them. */
async function counting(path?: string) {
  let connections = 0;
  const server = net.createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
