import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Footprint, footprintOf } from '../support/footprint.ts';
import type { Address } from '../support/raw-http.ts';
import { attackedAgent } from './attacked-agent.ts';
import { percentile } from './healthy-client.ts';
import { healthyClients } from './healthy-clients.ts';
import type { Target } from './surfaces.ts';

export interface SiegeOptions {
  /** How long each attack lasts. */
  readonly seconds: number;
  readonly runtimeDirectory: string;
  readonly tell: (line: string) => void;
}

/** What healthy clients of the other surfaces noticed of an attack on one. */
export interface Attacked {
  readonly attack: string;
  readonly surface: string;
  readonly connections: number;
  readonly answers: number;
  readonly p50: number;
  readonly p99: number;
  readonly failures: readonly string[];
  readonly footprint: Footprint;
}

interface Attack {
  readonly name: string;
  /** Connections that are held at the same time. */
  readonly connections: number;
  /** Whether a connection that ended is followed by the next one. */
  readonly isFlood: boolean;
  readonly begin: (socket: Socket, target: Target) => void;
}

const DESCRIPTORS = 12_000;
const OPENED_AT_ONCE = 200;

const ATTACKS: readonly Attack[] = [
  {
    name: '10,000 idle connections',
    connections: 10_000,
    isFlood: false,
    // One that never asked anything would be closed after 5 s.
    begin: (socket) => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  },
  { name: 'a flood of connections', connections: 100, isFlood: true, begin: (socket) => socket.end() },
  {
    name: 'a flood of requests without the right to ask',
    connections: 100,
    isFlood: true,
    begin: (socket, { credentialPaths }) =>
      socket.write(`GET ${credentialPaths[0]} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
  },
  {
    name: '500 slow writers',
    connections: 500,
    isFlood: true,
    begin(socket, { credentialPaths }) {
      let sent = 0;
      const text = `GET ${credentialPaths[0]} HTTP/1.1\r\nHost: localhost\r\nX-Slow: ${'a'.repeat(1_000)}`;
      const dripping = setInterval(() => socket.write(text[sent++] ?? 'a'), 100);
      socket.once('close', () => clearInterval(dripping));
    },
  },
  {
    name: '500 clients that never read',
    connections: 500,
    isFlood: true,
    begin(socket, { credentialPaths, proof = 'Accept: */*' }) {
      socket.pause();
      const request = `GET ${credentialPaths[0]} HTTP/1.1\r\nHost: localhost\r\n${proof}\r\n\r\n`;
      socket.write(request.repeat(15));
    },
  },
  {
    name: '500 half-open connections',
    connections: 500,
    isFlood: true,
    begin: (socket) => socket.end('GET / HTTP/1.1\r\nHost: local'),
  },
];

/** Attacks each surface in turn in each way, while a healthy client asks every surface that is not attacked. */
export async function siege({ seconds, runtimeDirectory, tell }: SiegeOptions): Promise<readonly Attacked[]> {
  await using besieged = await attackedAgent({ runtimeDirectory, descriptors: DESCRIPTORS });
  const { agent, current, targets } = besieged;
  const reports: Attacked[] = [];
  for (const attacked of targets) {
    for (const attack of ATTACKS) {
      const others = targets.filter((target) => target !== attacked);
      const clients = await healthyClients(others, current.secretAccessKey);
      const { connected, footprint } = await carryOut(attack, attacked, seconds, agent.child.pid);
      const health = Object.values(await clients.stop());
      const times = health.flatMap(({ milliseconds }) => milliseconds);
      const report = {
        attack: attack.name,
        surface: attacked.name,
        connections: connected,
        answers: times.length,
        p50: percentile(times, 50),
        p99: percentile(times, 99),
        failures: health.flatMap(({ failures }) => failures),
        footprint,
      };
      reports.push(report);
      tell(
        `${report.surface}, ${report.attack}: ${connected} connections; others: ${report.answers} answers, p50 ${report.p50.toFixed(1)} ms, p99 ${report.p99.toFixed(1)} ms, failures ${report.failures.length}; agent ${footprint.megabytes} MB, ${footprint.descriptors} descriptors`,
      );
    }
  }
  return reports;
}

async function carryOut(attack: Attack, target: Target, seconds: number, pid: number) {
  const sockets = new Set<Socket>();
  let end = Number.POSITIVE_INFINITY;
  let connected = 0;
  for (let left = attack.connections; left > 0; left -= OPENED_AT_ONCE) {
    for (let count = Math.min(left, OPENED_AT_ONCE); count > 0; count--) open();
    await sleep(1);
  }
  while (connected < attack.connections) await sleep(10);
  end = performance.now() + seconds * 1_000;
  await sleep(seconds * 1_000);
  const footprint = footprintOf(pid);
  end = 0;
  for (const socket of [...sockets]) socket.destroy();
  return { connected, footprint };

  function open(): void {
    const socket = connectTo(target.address);
    let isConnected = false;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('connect', () => {
      isConnected = true;
      connected += 1;
      attack.begin(socket, target);
    });
    socket.once('close', () => {
      sockets.delete(socket);
      if (performance.now() >= end) return;
      // A Unix socket whose backlog is full refuses (EAGAIN) where TCP would wait.
      if (!isConnected) setTimeout(open, 5);
      else if (attack.isFlood) open();
    });
  }
}

function connectTo(address: Address): Socket {
  const socket = connect({ ...address });
  socket.resume();
  return socket;
}
