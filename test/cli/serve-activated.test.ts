/** The whole agent on sockets that a service manager has bound: `LISTEN_FDS` and names, as systemd passes them. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { simulatorProcess, temporaryDirectory } from '../support/agent-process.ts';
import { rolekeeper } from '../support/child.ts';
import { type Address, ask, exchange } from '../support/raw-http.ts';
import { type ServiceManager, type SocketToPass, serviceManager } from '../support/service-manager.ts';

const LISTENERS = ['container-endpoint', 'imds-endpoint'];
const IMDS_LIST = '/latest/meta-data/iam/security-credentials/';

/** Lines until the one with the text, that one included. */
async function linesTo(manager: ServiceManager, first: string, text: string): Promise<readonly string[]> {
  const lines = [first];
  while (!lines.at(-1)?.includes(text)) lines.push(await manager.nextLine());
  return lines;
}

function managerOf(
  directory: string,
  endpoint: string,
  sockets: readonly SocketToPass[],
  on: readonly string[],
) {
  const switched = on.filter((section) => section !== 'metrics');
  const flags = switched.flatMap((section) => [`--${section}-enabled`, 'true']);
  const own = ['--config', '/dev/null', '--runtime-dir', directory, '--imds-endpoint', endpoint];
  // Were one of them not taken over, the agent would listen somewhere else, and nobody would answer.
  const listeners = on.includes('metrics') ? [...LISTENERS, 'metrics'] : LISTENERS;
  const elsewhere = listeners.flatMap((name) => [`--${name}-listen`, '127.0.0.1:0']);
  const groups = ['--agent-socket-group', '', '--line-socket-group', ''];
  return serviceManager({
    sockets,
    command: [...rolekeeper, 'serve', ...own, ...elsewhere, ...groups, ...flags],
  });
}

test('every listener can be an inherited socket, and the next run of the agent takes it over again', async () => {
  await using simulator = await simulatorProcess();
  using temporary = temporaryDirectory();
  const directory = temporary.path;
  const agent = { path: join(directory, 'agent.sock') };
  const line = { path: join(directory, 'credentials.sock') };
  const sockets = [
    { name: 'imds', host: '127.0.0.1' },
    { name: 'line', ...line },
    { name: 'container', host: '127.0.0.1' },
    { name: 'metrics', host: '127.0.0.1' },
    { name: 'agent', ...agent },
  ];
  await using manager = await managerOf(directory, simulator.url, sockets, [
    'line-socket',
    'imds-endpoint',
    'metrics',
  ]);
  const tcp = (name: string): Address => ({ host: '127.0.0.1', port: manager.ports.get(name) ?? 0 });
  const inodes = () => [agent.path, line.path].map((path) => statSync(path).ino);
  const before = inodes();
  for (let run = 0; run < 2; run++) {
    const lines = await linesTo(manager, await manager.start(), 'Listening');
    expect(lines.join('\n')).not.toContain('was passed and no surface serves it');
    const { accessKeyId } = await simulator.currentSet();
    const token = readFileSync(join(directory, 'container-token'), 'utf8');
    const container = await ask(tcp('container'), 'GET', '/v1/container-credentials', {
      Authorization: token,
    });
    const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': '60' };
    const issued = await ask(tcp('imds'), 'PUT', '/latest/api/token', ttl);
    const { body: list } = await ask(tcp('imds'), 'GET', IMDS_LIST, {
      'X-aws-ec2-metadata-token': issued.body,
    });
    expect(list).toBe('example-role');
    expect((await ask(agent, 'GET', '/v1/credentials')).body).toContain(accessKeyId);
    expect(container.body).toContain(accessKeyId);
    expect(await exchange(line, '')).toContain(accessKeyId);
    expect((await ask(tcp('metrics'), 'GET', '/metrics')).body).toContain('rolekeeper_serving 1');
    expect(await manager.stop()).toBe(0);
    expect(inodes()).toEqual(before);
  }
}, 30_000);

test('a socket that no surface serves is told of: who connects there would wait for ever', async () => {
  await using simulator = await simulatorProcess();
  using temporary = temporaryDirectory();
  const sockets = [
    { name: 'agent', path: join(temporary.path, 'agent.sock') },
    { name: 'imds', host: '127.0.0.1' },
    { name: 'contianer', host: '127.0.0.1' },
  ];
  await using manager = await managerOf(temporary.path, simulator.url, sockets, []);
  const told = (await linesTo(manager, await manager.start(), 'Listening')).filter((each) =>
    each.includes('no surface serves it'),
  );
  expect(told).toEqual([expect.stringContaining('"imds"'), expect.stringContaining('"contianer"')]);
  expect(await manager.stop()).toBe(0);
}, 30_000);
