import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CONTAINER_PATH } from '../../src/delivery/container-endpoint.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { repository } from '../support/child.ts';
import { type Address, ask, exchange } from '../support/raw-http.ts';
import { type ServiceManager, serviceManager } from '../support/service-manager.ts';

const RESTARTS = 5;
/** Answers to each surface before and after every restart: so that it happens under load, however fast the machine is. */
const BETWEEN = 20;

interface Consumer {
  readonly name: string;
  readonly request: () => Promise<string>;
  readonly isServed: (answer: string) => boolean;
}

test('five restarts with inherited sockets: nobody is refused, cut off or asked for another token', async () => {
  using temporary = temporaryDirectory();
  const directory = temporary.path;
  const agent = { path: join(directory, 'agent.sock') };
  const line = { path: join(directory, 'credentials.sock') };
  await using manager = await serviceManager({
    sockets: [
      { name: 'line', ...line },
      { name: 'imds', host: '127.0.0.1' },
      { name: 'agent', ...agent },
      { name: 'container', host: '127.0.0.1' },
    ],
    command: [process.execPath, `${repository}test/support/activated-surfaces.ts`, directory],
  });
  expect(await manager.start()).toBe('serving');
  const consumers = await consumersOf(manager, agent, line, readToken(directory));

  const failures: string[] = [];
  const answers = new Map(consumers.map(({ name }) => [name, 0]));
  let isOver = false;
  const load = Promise.all(consumers.flatMap((consumer) => [consume(consumer), consume(consumer)]));
  for (let restart = 0; restart < RESTARTS; restart++) {
    await answered(BETWEEN);
    expect(await manager.stop()).toBe(0);
    expect(await manager.start()).toBe('serving');
  }
  await answered(BETWEEN);
  isOver = true;
  await load;
  expect(await manager.stop()).toBe(0);
  expect(failures).toEqual([]);

  async function consume({ name, request, isServed }: Consumer): Promise<void> {
    while (!isOver) {
      const answer = await request();
      if (!isServed(answer)) failures.push(`${name}: ${answer}`);
      answers.set(name, (answers.get(name) ?? 0) + 1);
    }
  }

  /** Until every consumer has had so many more answers. */
  async function answered(more: number): Promise<void> {
    const before = new Map(answers);
    for (const { name, request } of consumers) {
      while ((answers.get(name) ?? 0) < (before.get(name) ?? 0) + more) await request();
    }
  }
});

async function consumersOf(
  manager: ServiceManager,
  agent: Address,
  line: Address,
  token: string,
): Promise<readonly Consumer[]> {
  const [container, imds] = ['container', 'imds'].map((name) => ({
    host: '127.0.0.1',
    port: manager.ports.get(name) ?? 0,
  })) as [Address, Address];
  const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' };
  // Both are from the first run of the agent, and used in all later ones.
  const issued = (await ask(imds, 'PUT', '/latest/api/token', ttl)).body;
  const http = (name: string, to: Address, path: string, header: string): Consumer => ({
    name,
    request: () =>
      exchange(to, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${header}Connection: close\r\n\r\n`),
    isServed: (answer) => answer.startsWith('HTTP/1.1 200 OK\r\n') && answer.includes('ASIAQ3EXAMPLEKEY0001'),
  });
  return [
    http('agent', agent, '/v1/credentials', ''),
    http('container', container, CONTAINER_PATH, `Authorization: ${token}\r\n`),
    http(
      'imds',
      imds,
      '/latest/meta-data/iam/security-credentials/web',
      `X-aws-ec2-metadata-token: ${issued}\r\n`,
    ),
    {
      name: 'line',
      request: () => exchange(line, ''),
      isServed: (answer) => answer.startsWith('{"Version":1,') && answer.endsWith('}\n'),
    },
  ];
}

function readToken(directory: string): string {
  return readFileSync(join(directory, 'container-token'), 'utf8');
}
