import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';

/** One row of the kernel's tables of TCP sockets (proc(5), `/proc/net/tcp`). Addresses as people write them. */
export interface TcpSocket {
  readonly local: TcpPlace;
  readonly remote: TcpPlace;
  readonly isListening: boolean;
  readonly uid: number;
  /** 0: no process holds it any more. */
  readonly inode: number;
}

export interface TcpPlace {
  readonly address: string;
  readonly port: number;
}

const LISTEN = '0A';

/** Every TCP socket of this network namespace. Throws the system's errors where the tables are not to be read. */
export function tcpSockets(root = '/proc/self/net'): readonly TcpSocket[] {
  const ipv6 = readTable(join(root, 'tcp6'), true);
  return [...readTable(join(root, 'tcp'), false), ...ipv6];
}

/**
 * Which process holds which of these sockets, by inode; of several processes the one with the lowest id. Only root sees
 * those of other users: what cannot be known is missing.
 *
 * @param root of the proc file system
 */
export function socketHolders(inodes: ReadonlySet<number>, root = '/proc'): ReadonlyMap<number, number> {
  const holders = new Map<number, number>();
  const pids = readdirSync(root).filter((name) => /^\d+$/.test(name));
  for (const pid of pids.map(Number).toSorted((a, b) => a - b)) {
    for (const inode of inodesOf(join(root, String(pid), 'fd'))) {
      if (inodes.has(inode) && !holders.has(inode)) holders.set(inode, pid);
    }
  }
  return holders;
}

function inodesOf(directory: string): readonly number[] {
  try {
    return readdirSync(directory).flatMap((fd) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(join(directory, fd))) ?? [];
      return inode === undefined ? [] : [Number(inode)];
    });
  } catch {
    // It has ended, or is somebody else's.
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** A kernel without IPv6 has one table only. */
function readTable(path: string, isOptional: boolean): readonly TcpSocket[] {
  let text: string;
  try {
    text = readFileSync(path, 'ascii');
  } catch (error) {
    if (isOptional && (error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').slice(1).flatMap(socketIn);
}

function socketIn(row: string): TcpSocket[] {
  const [, local = '', remote = '', state, , , , uid = '', , inode = ''] = row.trim().split(/\s+/);
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(inode)) return [];
  return [
    {
      local: placeIn(local),
      remote: placeIn(remote),
      isListening: state === LISTEN,
      uid: Number(uid),
      inode: Number(inode),
    },
  ];
}

function placeIn(text: string): TcpPlace {
  const [address = '', port = ''] = text.split(':');
  return { address: addressIn(address), port: Number.parseInt(port, 16) };
}

/** The kernel prints an address as 32-bit words in the machine's own byte order. */
function addressIn(hex: string): string {
  const bytes: number[] = [];
  for (let word = 0; word < hex.length; word += 8) {
    const four = [...Buffer.from(hex.slice(word, word + 8), 'hex')];
    bytes.push(...(endianness() === 'LE' ? four.reverse() : four));
  }
  const isMapped =
    bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff;
  if (bytes.length === 4 || isMapped) return bytes.slice(-4).join('.');
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
