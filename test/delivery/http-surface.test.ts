import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type SurfaceLimits, surfaceListener } from '../../src/delivery/http-surface.ts';
import { jsonRefusal, send } from '../../src/delivery/reply.ts';
import { eventually } from '../support/eventually.ts';
import { type Address, ask, exchange, statuses } from '../support/raw-http.ts';
import { openSurface } from '../support/surface.ts';

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

function surface(limits: SurfaceLimits, record = async (_verdict: string) => {}) {
  return openSurface(
    surfaceListener({
      guards: [({ url }) => (url === '/no' ? { status: 403, code: 'no', message: 'No' } : undefined)],
      refuse: jsonRefusal,
      record: (_, verdict) => record(verdict),
      route: (_, response) => send(response, { status: 200, type: 'text/plain', body: 'served' }),
    }),
    limits,
  );
}

/** Connections that say nothing, all of them accepted. */
async function idle(at: Address, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const socket = connect({ ...at });
    socket.on('error', () => {});
    open.push(socket);
    await once(socket, 'connect');
  }
}

const HEALTH = new Set(['/livez']);

describe('defect 18 of the peers: connections without end', () => {
  test.each([
    [66, 50],
    [16, 12],
    [3, 2],
  ])(
    'of %d connections the last are kept for health: %d are for everything',
    async (mostConnections, free) => {
      await using at = await surface({ mostConnections, alwaysAnswered: HEALTH });
      await idle(at, free - 1);
      expect((await ask(at, 'GET', '/')).status).toBe(200);
      await idle(at, 1);
      const refused = await ask(at, 'GET', '/');
      expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1', connection: 'close' } });
      expect(refused.body).toContain('too-many-connections');
      expect((await ask(at, 'GET', '/livez')).status).toBe(200);
      await idle(at, mostConnections - free - 1);
      expect((await ask(at, 'GET', '/livez')).status).toBe(200);
    },
  );

  test('beyond all of them a connection is closed without a word', async () => {
    await using at = await surface({ mostConnections: 20, alwaysAnswered: HEALTH });
    await idle(at, 20);
    expect(await exchange(at, 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')).toBe('');
  });

  test('one that was let in for health cannot go on with something else', async () => {
    await using at = await surface({ mostConnections: 4, alwaysAnswered: HEALTH });
    await idle(at, 3);
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    expect(statuses(await exchange(at, request('/livez') + request('/')))).toEqual([200]);
  });

  test('once others have gone, everybody is answered again', async () => {
    await using at = await surface({ mostConnections: 4, alwaysAnswered: HEALTH });
    await idle(at, 3);
    expect((await ask(at, 'GET', '/')).status).toBe(503);
    for (const socket of open.splice(0)) socket.destroy();
    let status = 0;
    await eventually(async () => {
      status = (await ask(at, 'GET', '/')).status;
      return status === 200;
    });
    expect(status).toBe(200);
  });

  test('where no path is named, all connections are alike', async () => {
    await using at = await surface({ mostConnections: 3 });
    await idle(at, 2);
    expect((await ask(at, 'GET', '/')).status).toBe(200);
  });
});

test('each request is told with its outcome, before it is answered', async () => {
  const told: string[] = [];
  await using at = await surface({}, async (verdict) => {
    await new Promise(setImmediate);
    told.push(verdict);
  });
  await ask(at, 'GET', '/');
  expect(told).toEqual(['allowed']);
  await ask(at, 'GET', '/no');
  expect(told).toEqual(['allowed', 'no']);
});
