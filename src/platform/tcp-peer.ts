import { readFileSync } from 'node:fs';
import { isIPv4, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { type AskKernel, createSocketDiagnosis, isConnected, type SocketEnd } from './socket-diagnosis.ts';

/** Who is at the other end of a TCP connection inside this machine. */
export interface TcpPeers {
  /**
   * The user id of the socket that the connection came from; undefined where it cannot be told, which means: deny. It is
   * looked up once per connection: best while the caller waits for its answer.
   */
  uidOf(connection: Socket): Promise<number | undefined>;
  /** The same, where the kernel says it at once: best when the connection was just accepted. */
  uidAtOnce(connection: Socket): number | undefined;
}

export interface TcpEndpoint {
  readonly address: string;
  readonly port: number;
}

export interface TcpPeersOptions {
  /** Where callers may have connected to before the kernel's address translation sent them here. */
  readonly originalDestinations?: readonly TcpEndpoint[];
  /** For one socket. Where the kernel does not answer that, its whole tables are read. */
  readonly askKernel?: AskKernel;
  /** The text of /proc/net/tcp or /proc/net/tcp6. */
  readonly readTable?: (name: 'tcp' | 'tcp6') => Promise<string>;
}

interface ConnectionEnds {
  readonly caller: SocketEnd;
  /** Where it may have gone: to us, or before address translation to an original destination. */
  readonly destinations: readonly SocketEnd[];
}

/** A row can be missed while the kernel's table changes under the reading. */
const ATTEMPTS = 3;

/**
 * The kernel lists both ends of a connection inside this machine (proc(5), /proc/net/tcp). The caller's own row has our
 * remote address as its local one; its remote one is ours, or before address translation an original destination. The
 * whole pair is compared, because sockets of several users can share a local port while they go to different places.
 */
export function createTcpPeers(options: TcpPeersOptions = {}): TcpPeers {
  const { originalDestinations = [], readTable = readKernelTable } = options;
  const { askKernel = createSocketDiagnosis() } = options;
  const known = new WeakMap<Socket, Promise<number | undefined>>();
  const told = new WeakMap<Socket, ReturnType<AskKernel>>();
  let underWay: Promise<string> | undefined;

  return {
    uidOf(connection) {
      let uid = known.get(connection);
      if (uid === undefined) {
        uid = look(connection).catch(() => undefined);
        known.set(connection, uid);
      }
      return uid;
    },
    uidAtOnce(connection) {
      const uid = toldUid(connection);
      return uid === 'none' ? undefined : uid;
    },
  };

  function toldUid(connection: Socket): ReturnType<AskKernel> {
    if (!told.has(connection)) told.set(connection, askSafely(connection));
    return told.get(connection);
  }

  /** It is asked while a connection is being accepted, where an exception would end the process. */
  function askSafely(connection: Socket): ReturnType<AskKernel> {
    try {
      return ask(endsOf(connection));
    } catch {
      return 'none';
    }
  }

  /** Undefined where the kernel does not answer for each of the ways that the connection may have come. */
  function ask(ends: ConnectionEnds | undefined): ReturnType<AskKernel> {
    if (ends === undefined) return 'none';
    const { caller, destinations } = ends;
    const answers = destinations.map((end) => (sameFamily(end, caller) ? askKernel(caller, end) : 'none'));
    if (answers.includes(undefined)) return undefined;
    return theOnly(new Set(answers.filter((each) => typeof each === 'number'))) ?? 'none';
  }

  async function look(connection: Socket): Promise<number | undefined> {
    const uid = toldUid(connection);
    if (uid !== undefined) return uid === 'none' ? undefined : uid;
    const { caller, destinations } = endsOf(connection) ?? {};
    if (caller === undefined || destinations === undefined) return undefined;
    const pairs = destinations.flatMap((end) => rowBeginnings(caller, end));
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const uids = uidsIn(await tables(), pairs);
      if (uids.size > 0) return theOnly(uids);
    }
    return undefined;
  }

  function endsOf({
    remoteAddress,
    remotePort,
    localAddress,
    localPort,
  }: Socket): ConnectionEnds | undefined {
    if (remoteAddress === undefined || remotePort === undefined) return undefined;
    if (localAddress === undefined || localPort === undefined) return undefined;
    const destinations = [{ address: localAddress, port: localPort }, ...originalDestinations];
    return {
      caller: endOf({ address: remoteAddress, port: remotePort }),
      destinations: destinations.map(endOf),
    };
  }

  /** One reading at a time, for everybody who asks meanwhile: it costs milliseconds where there are many sockets. */
  function tables(): Promise<string> {
    underWay ??= Promise.all([readTable('tcp'), readTable('tcp6').catch(() => '')])
      .then((texts) => texts.join('\n'))
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  }
}

/** Of two users that look alike, neither counts. */
function theOnly(uids: ReadonlySet<number>): number | undefined {
  const [uid] = uids;
  return uids.size === 1 ? uid : undefined;
}

/**
 * By its own directory: /proc/net is hidden from a service with `ProcSubset=pid`. The kernel gives a page at a time, which
 * would be a trip to another thread for each twenty sockets; so it is read at once, and by turns with everything else.
 */
async function readKernelTable(name: 'tcp' | 'tcp6'): Promise<string> {
  await new Promise(setImmediate);
  return readFileSync(`/proc/self/net/${name}`, 'ascii');
}

/**
 * The users of the rows that begin so. A socket that its process has closed has no inode and shows user 0, which is not
 * root's word: such rows, TIME_WAIT among them, do not count.
 */
function uidsIn(table: string, beginnings: readonly string[]): ReadonlySet<number> {
  const uids = new Set<number>();
  for (const beginning of beginnings) {
    for (let at = table.indexOf(beginning); at !== -1; at = table.indexOf(beginning, at + 1)) {
      // After the two addresses: state, queues, timer, retransmits, uid, timeouts, inode.
      const [state = '', , , , uid = '', , inode = '0'] = table
        .slice(at + beginning.length, at + 250)
        .split(/ +/);
      const isHeld = isConnected(parseInt(state, 16)) && /^[1-9]\d*$/.test(inode);
      if (isHeld && /^\d+$/.test(uid)) uids.add(Number(uid));
    }
  }
  return uids;
}

/** As an IPv4 socket's row has it, and as a dual-stack socket's, where IPv4 addresses are mapped into IPv6. */
function rowBeginnings(local: SocketEnd, remote: SocketEnd): string[] {
  if (!sameFamily(local, remote)) return [];
  const ends = [local, remote];
  const isV4 = local.bytes.length === 4;
  const rows = [ends, ...(isV4 ? [ends.map((end) => ({ ...end, bytes: mapped(end.bytes) }))] : [])];
  return rows.map(
    (row) => ` ${row.map(({ bytes, port }) => `${kernelHex(bytes)}:${portHex(port)}`).join(' ')} `,
  );
}

function sameFamily(a: SocketEnd, b: SocketEnd): boolean {
  return a.bytes.length === b.bytes.length;
}

function endOf({ address, port }: TcpEndpoint): SocketEnd {
  return { bytes: addressBytes(address), port };
}

function portHex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** 4 or 16 bytes in network order; an IPv4 address that came mapped into IPv6 has 4. */
function addressBytes(address: string): number[] {
  if (isIPv4(address)) return address.split('.').map(Number);
  const groups = expanded(address);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const bytes = groups.flatMap((group) => [group >> 8, group & 0xff]);
  return isMapped ? bytes.slice(12) : bytes;
}

/** The eight groups of an IPv6 address, after URL has brought it to its one canonical form. */
function expanded(address: string): number[] {
  const zoneless = address.split('%', 1)[0] ?? '';
  const canonical = new URL(`http://[${zoneless}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const groupsOf = (text: string) => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const first = groupsOf(head);
  if (tail === undefined) return first;
  const last = groupsOf(tail);
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}

function mapped(bytes: readonly number[]): number[] {
  return [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes];
}

/** The kernel prints an address as 32-bit words in the machine's own byte order. */
function kernelHex(bytes: readonly number[]): string {
  let text = '';
  for (let word = 0; word < bytes.length; word += 4) {
    const four = bytes.slice(word, word + 4);
    if (endianness() === 'LE') four.reverse();
    text += Buffer.from(four).toString('hex').toUpperCase();
  }
  return text;
}
