import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentProcess, simulatorProcess, temporaryDirectory } from '../support/agent-process.ts';
import { type Child, repository, startChild } from '../support/child.ts';

/*
 * What an answer costs, by what it makes: promises, and bytes of memory beside those of a bare node:http server. These are
 * counts of the runtime, the same on a busy machine.
 */

const WARM_UP = 4_000;
const ANSWERS = 1_000;
/** Each surface with its guards, its caller and its counts, beside a server that has none. */
const MOST_MEMORY = 1.8;
/** Whatever else the agent does meanwhile. */
const MOST_PROMISES = 50;

interface Server {
  readonly child: Child;
  readonly place: { readonly path: string } | { readonly port: number; readonly host: string };
  readonly request: string;
}

const probe = ['--require', `${repository}test/speed/made.cjs`];
const work = temporaryDirectory('rolekeeper-speed-');
const running: AsyncDisposable[] = [];
const servers: Record<string, Server> = {};

beforeAll(async () => {
  const simulator = await simulatorProcess();
  running.push(simulator);
  const runtimeDirectory = join(work.path, 'run');
  const agent = await agentProcess({
    endpoint: simulator.url,
    runtimeDirectory,
    rolekeeper: [process.execPath, ...probe, `${repository}src/cli/main.ts`],
    flags: ['--imds-endpoint-enabled', 'true', '--imds-endpoint-listen', '127.0.0.1:0'],
  });
  running.push(agent);
  await agent.becomes(({ serving }) => serving);
  const { child, socketPath } = agent;
  const [, containerUrl = '', imdsUrl = ''] = await child.says(/ container=(\S+) metadata=(\S+)/);
  const token = readFileSync(join(runtimeDirectory, 'container-token'), 'utf8');
  const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': '60' };
  const issued = await (await fetch(`${imdsUrl}/latest/api/token`, { method: 'PUT', headers: ttl })).text();
  const withToken = { 'X-aws-ec2-metadata-token': issued };
  const list = `${imdsUrl}/latest/meta-data/iam/security-credentials/`;
  const role = await (await fetch(list, { headers: withToken })).text();

  servers['agent socket'] = server(child, 'http://localhost/v1/credentials', {}, { path: socketPath });
  servers['container endpoint'] = server(child, containerUrl, { Authorization: token });
  servers['IMDS-compatible endpoint'] = server(child, `${list}${role}`, withToken);
  servers['bare server'] = await bareServer();
}, 60_000);

afterAll(async () => {
  for (const each of running.reverse()) await each[Symbol.asyncDispose]();
  work[Symbol.dispose]();
});

function server(
  child: Child,
  url: string,
  headers: Readonly<Record<string, string>> = {},
  unix?: { readonly path: string },
): Server {
  const { host, hostname, port, pathname } = new URL(url);
  const all = { Host: host, 'User-Agent': 'speed/1', Accept: '*/*', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const place = unix ?? { host: hostname, port: Number(port) };
  return { child, place, request: `GET ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n` };
}

async function bareServer(): Promise<Server> {
  const script = `${repository}scripts/bench/references/server.cjs`;
  const child = startChild([process.execPath, ...probe, script, 'tcp', '127.0.0.1:0', '1100']);
  running.push({
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await child.ended;
    },
  });
  const [, address = ''] = await child.says(/ Ready {2}(\S+)/);
  return server(child, `http://${address}/`);
}

describe.each(['agent socket', 'container endpoint', 'IMDS-compatible endpoint'])(
  'An answer of the %s',
  (name) => {
    test('makes no promise, and little more than what a bare server makes', async () => {
      const [ours, bare] = [servers[name], servers['bare server']];
      if (ours === undefined || bare === undefined) throw new Error(`there is no ${name}`);
      const made = await madeBy(ours);
      expect(made.promises).toBeLessThan(MOST_PROMISES);
      expect(made.bytes / (await madeBy(bare)).bytes).toBeLessThan(MOST_MEMORY);
    });
  },
);

async function madeBy({ child, place, request }: Server) {
  const socket = connect(place);
  await ask(socket, request, WARM_UP);
  const before = await made(child);
  await ask(socket, request, ANSWERS);
  const after = await made(child);
  socket.destroy();
  return { promises: after.promises - before.promises, bytes: (after.bytes - before.bytes) / ANSWERS };
}

async function made(child: Child) {
  const before = child.stderr().length;
  child.kill('SIGUSR2');
  for (;;) {
    const found = / Made (\d+) promises (\d+) bytes\n/.exec(child.stderr().slice(before));
    if (found !== null) return { promises: Number(found[1]), bytes: Number(found[2]) };
    await new Promise(setImmediate);
  }
}

/** One after the other; each has to be a 200. */
async function ask(socket: Socket, request: string, times: number): Promise<void> {
  for (let index = 0; index < times; index++) {
    socket.write(request);
    let text = '';
    while (!isWhole(text)) text += await nextChunk(socket);
    expect(text.slice(0, 12)).toBe('HTTP/1.1 200');
  }
}

function isWhole(text: string): boolean {
  const [head = '', body] = text.split('\r\n\r\n', 2);
  const [, length] = /\r\nContent-Length: (\d+)/i.exec(head) ?? [];
  return body !== undefined && body.length >= Number(length);
}

function nextChunk(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.once('close', reject);
  socket.once('data', (chunk) => {
    socket.off('close', reject);
    resolve(chunk.toString('latin1'));
  });
  return promise;
}
