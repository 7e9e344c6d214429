import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { REDIRECTED_FROM } from '../../src/delivery/imds-endpoint.ts';
import { createTcpPeers } from '../../src/platform/tcp-peer.ts';
import { startChild } from '../support/child.ts';
import { nobodyMayRun } from '../support/machine.ts';

const ownUid = process.getuid?.() ?? 0;
const NOBODY = 65_534;
const mayRun = nobodyMayRun(process.execPath);

/** One connection through loopback, as its server sees it. */
async function accepted(host: string) {
  const server = createServer({ allowHalfOpen: true }).listen(0, host);
  await once(server, 'listening');
  const client = connect({ host, port: (server.address() as AddressInfo).port });
  const [connection] = (await once(server, 'connection')) as [Socket];
  return {
    connection,
    client,
    async [Symbol.asyncDispose]() {
      client.destroy();
      connection.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A connection from another process to 127.0.0.1, as its server sees it. */
async function otherProcess(connectTo: string, uid?: number) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const script = `require('node:net').connect(${port}, '${connectTo}')`;
  const child = startChild([process.execPath, '-e', script], uid === undefined ? {} : { uid });
  const [connection] = (await once(server, 'connection')) as [Socket];
  return {
    connection,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      connection.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A connection that is only described, with the tables that the kernel would show beside it. */
function described(tables: { tcp?: string; tcp6?: string } | (() => Promise<string>)) {
  const readTable =
    typeof tables === 'function' ? tables : async (name: 'tcp' | 'tcp6') => tables[name] ?? '';
  return createTcpPeers({
    askKernel: () => undefined,
    readTable,
    originalDestinations: REDIRECTED_FROM,
  });
}

function connectionOf(
  remoteAddress: string,
  remotePort: number,
  localAddress = '127.0.0.1',
  localPort = 9912,
) {
  return { remoteAddress, remotePort, localAddress, localPort } as Socket;
}

/** As the kernel prints them: port 54321 is D431, 9912 is 26B8, 80 is 0050. */
function row(local: string, remote: string, uid: number, { state = '01', inode = 877_384 } = {}): string {
  const uidColumn = String(uid).padStart(5);
  return `  12: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 ${uidColumn}        0 ${inode} 1 00000000a85920bb 20 0 0 10 -1\n`;
}

const CALLER = '0100007F:D431';
const US = '0100007F:26B8';
const IMDS = 'FEA9FEA9:0050';

/** The two ways to ask; the second is for machines without the first. */
const WAYS = [
  [
    'the kernel',
    () => createTcpPeers({ readTable: () => Promise.reject(new Error('the tables were read')) }),
  ],
  ['its tables', () => createTcpPeers({ askKernel: () => undefined })],
] as const;

describe.each(WAYS)('real connections, by asking %s', (_, createPeers) => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['127.0.0.5', '127.0.0.5'],
  ])('the user of a connection to %s is ours', async (host) => {
    await using pair = await accepted(host);
    expect(await createPeers().uidOf(pair.connection)).toBe(ownUid);
  });

  test('a dual-stack socket that goes to an IPv4 address is found too', async () => {
    await using caller = await otherProcess('::ffff:127.0.0.1');
    expect(await createPeers().uidOf(caller.connection)).toBe(ownUid);
  });

  test('a client that has ended its half is found too', async () => {
    await using pair = await accepted('127.0.0.1');
    pair.client.end();
    await once(pair.connection.resume(), 'end');
    expect(await createPeers().uidOf(pair.connection)).toBe(ownUid);
  });

  test('a client that has closed its socket is nobody, and not root', async () => {
    await using pair = await accepted('127.0.0.1');
    pair.client.destroy();
    await once(pair.connection.resume(), 'end');
    expect(await createPeers().uidOf(pair.connection)).toBeUndefined();
  });

  const why = mayRun ? '' : ' (skipped: takes root, and a runtime that nobody may run)';
  test.skipIf(!mayRun)(`another user's process is told apart${why}`, async () => {
    await using caller = await otherProcess('127.0.0.1', NOBODY);
    expect(await createPeers().uidOf(caller.connection)).toBe(NOBODY);
  });
});

describe('at once', () => {
  test('the kernel names the user of a real connection, and nobody of one that is gone', async () => {
    await using pair = await accepted('127.0.0.1');
    const peers = createTcpPeers();
    expect(peers.uidAtOnce(pair.connection)).toBe(ownUid);
    pair.client.destroy();
    await once(pair.connection.resume(), 'end');
    expect(createTcpPeers().uidAtOnce(pair.connection)).toBeUndefined();
    expect(peers.uidAtOnce(pair.connection), 'what was told is kept').toBe(ownUid);
    expect(await peers.uidOf(pair.connection)).toBe(ownUid);
  });

  test('it is not told where only the tables could tell, and an address that is none ends nothing', () => {
    const table = described({ tcp: row(CALLER, US, 1001) });
    expect(table.uidAtOnce(connectionOf('127.0.0.1', 54_321))).toBeUndefined();
    expect(createTcpPeers().uidAtOnce(connectionOf('no address', 1))).toBeUndefined();
  });

  test('of two ways that it may have come, each with another user, neither counts', async () => {
    const peers = createTcpPeers({
      originalDestinations: REDIRECTED_FROM,
      askKernel: (_, { port }) => (port === 80 ? 1002 : 1001),
    });
    const connection = connectionOf('127.0.0.1', 54_321);
    expect([peers.uidAtOnce(connection), await peers.uidOf(connection)]).toEqual([undefined, undefined]);
  });

  test('the way through address translation is asked for, too', () => {
    const asked: number[] = [];
    const peers = createTcpPeers({
      originalDestinations: REDIRECTED_FROM,
      askKernel(_, { port }) {
        asked.push(port);
        return port === 80 ? 1001 : 'none';
      },
    });
    expect(peers.uidAtOnce(connectionOf('192.168.0.5', 54_321))).toBe(1001);
    expect(asked).toEqual([9912, 80]);
  });
});

describe('how often', () => {
  test('the table is read once for a connection, and once for many that ask together', async () => {
    let reads = 0;
    const peers = described(async () => {
      reads += 1;
      return row(CALLER, US, 1001) + row('0100007F:D432', US, 1002);
    });
    const first = connectionOf('127.0.0.1', 54_321);
    const second = connectionOf('127.0.0.1', 54_322);
    const both = await Promise.all([peers.uidOf(first), peers.uidOf(first), peers.uidOf(second)]);
    expect(both).toEqual([1001, 1001, 1002]);
    await peers.uidOf(first);
    expect(reads).toBe(2); // tcp and tcp6
  });
});

describe('which row counts', () => {
  const connection = connectionOf('127.0.0.1', 54_321);

  test("the caller's own, and not ours of the same connection", async () => {
    const peers = described({ tcp: row(US, CALLER, 0) + row(CALLER, US, 1001) });
    expect(await peers.uidOf(connection)).toBe(1001);
  });

  test('one that went to IMDS before address translation', async () => {
    const peers = described({ tcp: row('0500A8C0:D431', IMDS, 1001) });
    expect(await peers.uidOf(connectionOf('192.168.0.5', 54_321))).toBe(1001);
  });

  test('one that went to IMDS by IPv6 before address translation', async () => {
    const local = '000000FD000000000000000005000000:D431';
    const peers = described({ tcp6: row(local, 'C20E00FD000000000000000054020000:0050', 1001) });
    expect(await peers.uidOf(connectionOf('fd00::5', 54_321, '::1'))).toBe(1001);
  });

  test('one of a dual-stack socket, in the other table', async () => {
    const mapped = (end: string) => `0000000000000000FFFF0000${end}`;
    const peers = described({ tcp6: row(mapped(CALLER), mapped(US), 1001) });
    expect(await peers.uidOf(connection)).toBe(1001);
    expect(await peers.uidOf(connectionOf('::ffff:127.0.0.1', 54_321, '::ffff:127.0.0.1'))).toBe(1001);
  });

  test.each([
    [
      "another user's socket with the same local port that goes elsewhere",
      row(CALLER, '0100007F:0050', 1001),
    ],
    ['a listening socket', row(CALLER, '00000000:0000', 1001, { state: '0A' })],
    ['a socket that was closed (TIME_WAIT)', row(CALLER, US, 0, { state: '06', inode: 0 })],
    ['a socket that was closed (FIN_WAIT2)', row(CALLER, US, 0, { state: '05', inode: 0 })],
    ['a port that only begins alike', row('0100007F:D431', '0100007F:26B80', 1001)],
    ['a socket that is only being made (SYN_SENT)', row(CALLER, US, 1001, { state: '02' })],
    ['nothing', ''],
  ])('not %s', async (_, tcp) => {
    expect(await described({ tcp }).uidOf(connection)).toBeUndefined();
  });

  test('where a direct and a translated connection of two users look alike, neither counts', async () => {
    const peers = described({ tcp: row(CALLER, US, 1001) + row(CALLER, IMDS, 1002) });
    expect(await peers.uidOf(connection)).toBeUndefined();
  });

  test('a row that is missed at first is looked for again', async () => {
    let reads = 0;
    const peers = described(async () => (++reads > 2 ? row(CALLER, US, 1001) : ''));
    expect(await peers.uidOf(connection)).toBe(1001);
  });

  test('a table that cannot be read is nobody', async () => {
    const peers = described(async () => {
      throw new Error('EACCES');
    });
    expect(await peers.uidOf(connection)).toBeUndefined();
  });

  test('a connection that is gone is nobody', async () => {
    const gone = {
      remoteAddress: undefined,
      remotePort: undefined,
      localAddress: undefined,
      localPort: undefined,
    };
    expect(await described({ tcp: row(CALLER, US, 1001) }).uidOf(gone as unknown as Socket)).toBeUndefined();
  });
});
