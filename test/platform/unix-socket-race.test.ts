import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listenOnSocketFile, SocketInUseError } from '../../src/platform/unix-socket.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { isRoot } from '../support/machine.ts';
import { settle } from '../support/manual-clock.ts';
import type { Order, Report } from './socket-racer.ts';

const RACERS = 4;
const GROUP = 12_345;

const directory = temporaryDirectory();
const path = join(directory.path, 'agent.sock');
const names = () => readdirSync(directory.path);
let racers: ChildProcess[];

beforeAll(async () => {
  racers = Array.from({ length: RACERS }, () => fork(racerFile, { execArgv: [], env: {} }));
  await Promise.all(racers.map((racer) => once(racer, 'message')));
});
afterAll(() => {
  for (const racer of racers) racer.kill();
  directory[Symbol.dispose]();
});
beforeEach(() => rmSync(path, { force: true }));

const racerFile = fileURLToPath(new URL('socket-racer.ts', import.meta.url));

async function tell(racer: ChildProcess, order: Order): Promise<Report> {
  const reported = once(racer, 'message');
  racer.send(order);
  const [report] = await reported;
  return report;
}

describe.each([
  ['nothing', async () => {}],
  ['the socket of a dead agent', leaveDeadSocket],
])('Where several start at the same moment on %s', (_, prepare) => {
  test.each([
    [2, 300],
    [RACERS, 1_500],
  ])(
    'one of %i processes gets the name and can be reached, and nothing is left behind',
    async (count, rounds) => {
      const starters = racers.slice(0, count);
      const lost = Array.from({ length: count - 1 }, () => 'in use');
      for (let round = 0; round < rounds; round++) {
        await prepare(path);
        const reports = await Promise.all(starters.map((racer) => tell(racer, { listen: path })));
        expect(reports.toSorted()).toEqual([...lost, 'listening'].toSorted());
        const winner = starters[reports.indexOf('listening')];
        expect(await text(net.connect(path))).toBe(String(winner?.pid));
        expect(names()).toEqual(['agent.sock']);
        await Promise.all(starters.map((racer) => tell(racer, { release: true })));
        expect(names()).toEqual([]);
      }
    },
    60_000,
  );

  test('one of two servers of a process gets the name', async () => {
    for (let round = 0; round < 50; round++) {
      await prepare(path);
      const servers = [net.createServer((socket) => socket.end('0')), net.createServer((s) => s.end('1'))];
      for (const server of servers) server.on('connection', (socket) => socket.on('error', () => {}));
      const results = await Promise.allSettled(
        servers.map((server) => listenOnSocketFile(server, path, { mode: 0o600 })),
      );
      const winner = results.findIndex(({ status }) => status === 'fulfilled');
      const [won, lost] = winner === 0 ? results : results.toReversed();
      expect(lost).toMatchObject({ status: 'rejected', reason: expect.any(SocketInUseError) });
      expect(servers.map(({ listening }) => listening)).toEqual([winner === 0, winner === 1]);
      expect(await text(net.connect(path))).toBe(String(winner));
      expect(names()).toEqual(['agent.sock']);
      if (won?.status === 'fulfilled') won.value();
      servers[winner]?.close();
    }
    expect(names()).toEqual([]);
  });
});

test('the file is never at its path with another mode or group, nor under any name with a wider one', async () => {
  const [racer] = racers;
  if (racer === undefined) throw new Error('No racer was started');
  const wanted = { mode: 0o660, gid: isRoot ? GROUP : lstatSync(directory.path).gid };
  const seen = new Set<string>();
  for (let round = 0; round < 300; round++) {
    let isStarting = true;
    const started = tell(racer, { listen: path, ...wanted }).finally(() => {
      isStarting = false;
    });
    while (isStarting) {
      for (let look = 0; look < 20; look++) {
        for (const name of new Set(['agent.sock', ...names()])) seen.add(`${kindOf(name)} ${shown(name)}`);
      }
      await settle();
    }
    expect(await started).toBe('listening');
    await tell(racer, { release: true });
  }
  const right = `660 ${wanted.gid}`;
  const allowed = new Set(['private gone', 'named gone', `named ${right}`, `private ${right}`]);
  for (const gid of new Set([process.getegid?.(), wanted.gid])) allowed.add(`private 0 ${gid}`);
  expect([...seen].filter((state) => !allowed.has(state))).toEqual([]);
  expect(seen).toContain(`named ${right}`);
}, 60_000);

function kindOf(name: string): string {
  return name === 'agent.sock' ? 'named' : 'private';
}

function shown(name: string): string {
  const stats = lstatSync(join(directory.path, name), { throwIfNoEntry: false });
  return stats === undefined ? 'gone' : `${(stats.mode & 0o7777).toString(8)} ${stats.gid}`;
}

/** A socket file that nobody listens behind, as kill -9 leaves it. */
async function leaveDeadSocket(at: string): Promise<void> {
  const server = net.createServer().listen(`${at}.made`);
  await once(server, 'listening');
  linkSync(`${at}.made`, at);
  server.close();
  await once(server, 'close');
}
