import { expect, test } from 'vitest';
import { imdsPlaces, lookForDirectReaders, lookForPortHolder } from '../../../src/cli/doctor/look/network.ts';
import type { TcpSocket } from '../../../src/platform/tcp-sockets.ts';

const IMDS = { address: '169.254.169.254', port: 80 };
const HERE = { address: '10.0.1.10', port: 50_000 };

function socket(changes: Partial<TcpSocket>): TcpSocket {
  return { local: HERE, remote: IMDS, isListening: false, uid: 34, inode: 1, ...changes };
}

function machine(sockets: readonly TcpSocket[], holders: readonly (readonly [number, number])[] = []) {
  return { sockets: () => sockets, holders: () => new Map(holders) };
}

const places = imdsPlaces();

test('a reader is who has a connection to IMDS, over IPv4 or IPv6, and holds it', () => {
  const seen = lookForDirectReaders(
    places,
    new Set([100, 200]),
    machine(
      [
        socket({ inode: 1 }),
        socket({ inode: 2, remote: { address: 'fd00:ec2::254', port: 80 } }),
        socket({ inode: 3 }), // the agent's
        socket({ inode: 4 }), // this command's
        socket({ inode: 0 }), // closed: nobody's any more
        socket({ inode: 5, remote: { address: '169.254.169.123', port: 80 } }),
        socket({ inode: 6, remote: { ...IMDS, port: 8_080 } }),
      ],
      [
        [1, 7],
        [2, 8],
        [3, 100],
        [4, 200],
        [5, 9],
        [6, 10],
      ],
    ),
  );
  expect(seen?.map(({ pid }) => pid)).toEqual([7, 8]);
});

test('without the privilege to see who holds it, its user is known', () => {
  const seen = lookForDirectReaders(places, new Set([100]), machine([socket({})]));
  expect(seen).toEqual([{ uid: 34, pid: undefined, place: IMDS }]);
});

test('an endpoint of its own is IMDS, too', () => {
  const own = { address: '::1', port: 1_338 };
  const seen = lookForDirectReaders(
    imdsPlaces('http://[::1]:1338'),
    new Set(),
    machine([socket({ remote: own }), socket({})]),
  );
  expect(seen?.map(({ place }) => place)).toEqual([own, IMDS]);
});

test('tables that are closed are no answer', () => {
  const closed = {
    sockets() {
      throw new Error('EACCES');
    },
    holders: () => new Map<number, number>(),
  };
  expect(lookForDirectReaders(places, new Set(), closed)).toBeUndefined();
  expect(lookForPortHolder(IMDS, closed)).toBeUndefined();
});

test('a port is held by who listens there, on that address or on all', () => {
  const wanted = { address: '127.0.0.1', port: 9_911 };
  const listening = (address: string, port = 9_911, inode = 1) =>
    socket({ local: { address, port }, remote: { address: '0.0.0.0', port: 0 }, isListening: true, inode });
  const holder = (...rows: readonly TcpSocket[]) => lookForPortHolder(wanted, machine(rows, [[1, 7]]));
  expect(holder(listening('127.0.0.1'))).toEqual({ place: wanted, uid: 34, pid: 7 });
  for (const address of ['0.0.0.0', '::']) expect(holder(listening(address))?.pid).toBe(7);
  expect(holder(listening('127.0.0.2'))).toBeUndefined();
  expect(holder(listening('127.0.0.1', 9_912))).toBeUndefined();
  expect(holder(socket({ local: wanted }))).toBeUndefined();
});
