import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { systemLibc } from '../src/platform/libc.ts';
import { simulatedMachine } from './support/running-agent.ts';

const ANY_PORT = '127.0.0.1:0';

describe('TCP surfaces', () => {
  test('answer with a hop limit of 1', async () => {
    await using machine = await simulatedMachine({
      settings: {
        'container_endpoint.enabled': 'true',
        'container_endpoint.listen': ANY_PORT,
        'imds_endpoint.enabled': 'true',
        'imds_endpoint.listen': ANY_PORT,
      },
    });
    await machine.start();
    const { containerUrl = '', imdsUrl = '' } = machine.agent();
    for (const url of [containerUrl, imdsUrl]) {
      const port = Number(new URL(url).port);
      const client = connect(port, '127.0.0.1');
      await once(client, 'connect');
      client.write('GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(client, 'data');
      expect(hopLimit(acceptedAt(port)), url).toBe(1);
      client.destroy();
    }
  });
});

test('who waits to be accepted when the agent stops is answered', async () => {
  await using machine = await simulatedMachine();
  await machine.start();
  const { socketPath } = machine.agent();
  const answers = Array.from({ length: 100 }, async () => {
    const client = connect(socketPath);
    client.write('GET /v1/credentials HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    return String(await client.take(1).toArray()).split('\r\n', 1)[0];
  });
  await machine.stop();
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['HTTP/1.1 200 OK']));
});

test('a rule for a user who is not there keeps the agent from starting: it would fit nobody', async () => {
  await using machine = await simulatedMachine();
  const rule = { user: 'no-such-user-here', group: '', unit: '', exe: '' };
  const rules = [{ ...rule, verdict: 'deny', surfaces: ['agent_socket'], place: 'c.toml:7' }] as const;
  await expect(machine.startAnother({ rules })).rejects.toThrow(
    'c.toml:7: there is no user no-such-user-here on this machine: create it, or correct this [[deny]]',
  );
});

/** This process is both ends: the one that has the port as its own. */
function acceptedAt(port: number): Socket {
  const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles();
  const found = handles.find((each) => each instanceof Socket && each.localPort === port);
  if (!(found instanceof Socket)) throw new Error(`Nothing was accepted at ${port}`);
  return found;
}

function hopLimit(socket: Socket): number | undefined {
  const { fd } = (socket as Socket & { _handle: { fd: number } })._handle;
  return systemLibc()?.socketOption(fd, 0, 2, 4)?.readInt32LE();
}
