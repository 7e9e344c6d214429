import { type Libc, systemLibc } from './libc.ts';

/** One end of a TCP connection, its address in 4 or 16 bytes of network order. */
export interface SocketEnd {
  readonly bytes: readonly number[];
  readonly port: number;
}

/**
 * The user of the one socket with these two ends; `none` where the kernel knows no such socket that a process still
 * holds; undefined where it does not answer such questions.
 */
export type AskKernel = (local: SocketEnd, remote: SocketEnd) => number | 'none' | undefined;

/** sock_diag(7), <linux/inet_diag.h>. */
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLMSG_ERROR = 2;
const NLM_F_REQUEST = 1;
const IPPROTO_TCP = 6;
const AF_INET = 2;
const AF_INET6 = 10;
const HEADER = 16;
const REQUEST_SIZE = HEADER + 56;
/** The fixed part of an answer: header, states, the two ends, expires, queues, uid and inode. */
const ANSWER_SIZE = HEADER + 72;
const NO_COOKIE = 0xffff_ffff;
const ENOENT = 2;

/**
 * Asks for one socket by its ends, which the kernel finds in its hash table: some microseconds, however many sockets there
 * are. Needs no privilege.
 */
export function createSocketDiagnosis(libc: () => Libc | undefined = systemLibc): AskKernel {
  let opened: { readonly fd: number | undefined } | undefined;
  let sequence = 0;
  return (local, remote) => {
    const library = libc();
    opened ??= { fd: library?.netlinkSocket(NETLINK_SOCK_DIAG) };
    if (library === undefined || opened.fd === undefined) return undefined;
    sequence = (sequence + 1) % 0xffff_ffff;
    const answer = library.netlinkExchange(opened.fd, request(sequence, local, remote));
    if (answer === undefined || answer.length < HEADER + 4 || answer.readUInt32LE(8) !== sequence) {
      opened = { fd: undefined };
      return undefined;
    }
    const type = answer.readUInt16LE(4);
    if (type === NLMSG_ERROR) return answer.readInt32LE(HEADER) === -ENOENT ? 'none' : undefined;
    return type === SOCK_DIAG_BY_FAMILY ? uidIn(answer, local, remote) : undefined;
  };
}

function request(sequence: number, local: SocketEnd, remote: SocketEnd): Buffer {
  const message = Buffer.alloc(REQUEST_SIZE);
  message.writeUInt32LE(REQUEST_SIZE, 0);
  message.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  message.writeUInt16LE(NLM_F_REQUEST, 6);
  message.writeUInt32LE(sequence, 8);
  message[HEADER] = local.bytes.length === 4 ? AF_INET : AF_INET6;
  message[HEADER + 1] = IPPROTO_TCP;
  message.writeUInt32LE(0xffff_ffff, HEADER + 4);
  message.writeUInt16BE(local.port, HEADER + 8);
  message.writeUInt16BE(remote.port, HEADER + 10);
  message.set(local.bytes, HEADER + 12);
  message.set(remote.bytes, HEADER + 28);
  message.writeUInt32LE(NO_COOKIE, HEADER + 48);
  message.writeUInt32LE(NO_COOKIE, HEADER + 52);
  return message;
}

/** Where there is no such connection the kernel names a socket that listens there: its other end is another one. */
function uidIn(answer: Buffer, local: SocketEnd, remote: SocketEnd): number | 'none' | undefined {
  if (answer.length < ANSWER_SIZE) return undefined;
  const isSameSocket =
    answer.readUInt16BE(HEADER + 4) === local.port && answer.readUInt16BE(HEADER + 6) === remote.port;
  const inode = answer.readUInt32LE(HEADER + 68);
  // A socket that its process has closed has no inode and shows user 0.
  if (!isSameSocket || inode === 0 || !isConnected(answer.readUInt8(HEADER + 1))) return 'none';
  return answer.readUInt32LE(HEADER + 64);
}

/** ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK and CLOSING: not one that is only being made, or is over. */
export function isConnected(state: number): boolean {
  return [1, 4, 5, 8, 9, 11].includes(state);
}
