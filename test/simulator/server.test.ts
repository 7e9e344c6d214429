import { once } from 'node:events';
import net from 'node:net';
import { expect, test } from 'vitest';
import { createSimulatedInstance } from '../../src/simulator/instance.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { manualClock } from '../support/manual-clock.ts';
import { memoryLog } from '../support/memory-log.ts';
import { ask, simulatorBench } from './ask.ts';

function parts() {
  const clock = manualClock();
  return { clock, log: memoryLog(), instance: createSimulatedInstance({ clock, random: seededRandom(1) }) };
}

test('the address and the real port are told', async () => {
  await using bench = await simulatorBench();
  expect(bench.simulator.port).toBeGreaterThan(0);
  expect(bench.simulator.url).toBe(`http://127.0.0.1:${bench.simulator.port}`);
});

test('IPv6 loopback will do', async () => {
  const simulator = await startSimulator({ listen: '[::1]:0', ...parts() });
  expect(simulator.url).toBe(`http://[::1]:${simulator.port}`);
  expect((await ask(simulator.url, '/')).status).toBe(401);
  await simulator.close();
});

test('an address beyond loopback is refused', async () => {
  await expect(startSimulator({ listen: '0.0.0.0:0', ...parts() })).rejects.toThrow(
    'Refused to listen on 0.0.0.0',
  );
});

test('a port that is taken is named in the error', async () => {
  await using bench = await simulatorBench();
  const { port } = bench.simulator;
  await expect(startSimulator({ listen: `127.0.0.1:${port}`, ...parts() })).rejects.toThrow(
    new RegExp(`^Cannot listen on 127\\.0\\.0\\.1 port ${port}: .*EADDRINUSE.*choose another port`),
  );
});

test('closing breaks idle and half-asked connections, frees the port, and can be repeated', async () => {
  const bench = await simulatorBench();
  const { port } = bench.simulator;
  const sockets = ['', 'GET /latest/meta-data/ HTTP/1.1\r\nHost: x'].map((start) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    socket.write(start);
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  await ask(bench.simulator.url, '/');
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
  await Promise.all([bench.simulator.close(), bench.simulator.close()]);
  await closed;
  const next = await startSimulator({ listen: `127.0.0.1:${port}`, ...parts() });
  await next.close();
  await next.close();
});

test('two simulators on one instance show the same credentials', async () => {
  await using bench = await simulatorBench();
  const { clock, log } = bench;
  const other = await startSimulator({ listen: '127.0.0.1:0', instance: bench.instance, clock, log });
  const headers = { 'X-aws-ec2-metadata-token': await bench.token() };
  const path = '/latest/meta-data/iam/security-credentials/example-role';
  expect((await ask(other.url, path, { headers })).body).toBe((await bench.ask(path, { headers })).body);
  await other.close();
});
