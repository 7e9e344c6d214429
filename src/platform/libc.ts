/**
 * The few functions of the C library that Node has no words for, by `node:ffi` (experimental in Node 26: nothing else
 * of rolekeeper touches it). Loaded at the first use: most commands never do.
 */

/** Undefined results are errors of the system; what depends on them takes them for "not known". */
export interface Libc {
  /** The value of a socket's option, as many bytes of it as there are, at most `size`. */
  socketOption(fd: number, level: number, option: number, size: number): Buffer | undefined;
  setSocketOption(fd: number, level: number, option: number, value: number): boolean;
  /** A netlink socket (netlink(7)) that this process keeps. */
  netlinkSocket(protocol: number): number | undefined;
  /** Sends one message and takes the kernel's one answer to it, which is there when `send` returns. */
  netlinkExchange(fd: number, message: Buffer): Buffer | undefined;
  /** A socket of this process's own for messages to Unix sockets (unix(7)). */
  unixDatagramSocket(): number | undefined;
  /** Sends one message to the socket of that name, an abstract one begins with NUL. Never waits: false where it would. */
  sendTo(fd: number, name: string, message: Buffer): boolean;
}

interface Ffi {
  dlopen(
    path: null,
    functions: Readonly<Record<string, { return: string; arguments: readonly string[] }>>,
  ): { functions: Record<string, (...args: unknown[]) => number | bigint> };
}

const FUNCTIONS = {
  getsockopt: { return: 'i32', arguments: ['i32', 'i32', 'i32', 'buffer', 'buffer'] },
  setsockopt: { return: 'i32', arguments: ['i32', 'i32', 'i32', 'buffer', 'u32'] },
  socket: { return: 'i32', arguments: ['i32', 'i32', 'i32'] },
  send: { return: 'i64', arguments: ['i32', 'buffer', 'u64', 'i32'] },
  recv: { return: 'i64', arguments: ['i32', 'buffer', 'u64', 'i32'] },
  sendto: { return: 'i64', arguments: ['i32', 'buffer', 'u64', 'i32', 'buffer', 'u32'] },
};

const AF_UNIX = 1;
const AF_NETLINK = 16;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2_000_000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const LARGEST_ANSWER = 4_096;

let loaded: { readonly libc: Libc | undefined } | undefined;

/** Undefined where this Node has no `node:ffi`, or was started without it (`--no-experimental-ffi`). */
export function systemLibc(): Libc | undefined {
  loaded ??= { libc: load() };
  return loaded.libc;
}

function load(): Libc | undefined {
  try {
    const functions = loadFfi()?.dlopen(null, FUNCTIONS).functions;
    return functions === undefined ? undefined : libcOf(functions);
  } catch {
    return undefined;
  }
}

/** Its warning that it is experimental is not for the log of an agent: it is given while the module is loaded. */
function loadFfi(): Ffi | undefined {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:ffi') as unknown as Ffi | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

function libcOf(functions: Record<string, (...args: unknown[]) => number | bigint>): Libc {
  const answer = Buffer.alloc(LARGEST_ANSWER);
  const call = (name: keyof typeof FUNCTIONS, ...args: unknown[]) => Number(functions[name]?.(...args) ?? -1);
  return {
    socketOption(fd, level, option, size) {
      const value = Buffer.alloc(size);
      const length = lengthWord(size);
      if (call('getsockopt', fd, level, option, value, length) !== 0) return undefined;
      return value.subarray(0, length.readUInt32LE());
    },
    setSocketOption: (fd, level, option, value) =>
      call('setsockopt', fd, level, option, lengthWord(value), 4) === 0,
    netlinkSocket(protocol) {
      const fd = call('socket', AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
      return fd === -1 ? undefined : fd;
    },
    netlinkExchange(fd, message) {
      const sent = call('send', fd, message, BigInt(message.length), 0);
      if (sent !== message.length) return undefined;
      const length = call('recv', fd, answer, BigInt(answer.length), MSG_DONTWAIT);
      return length === -1 ? undefined : Buffer.from(answer.subarray(0, length));
    },
    unixDatagramSocket() {
      const fd = call('socket', AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      return fd === -1 ? undefined : fd;
    },
    sendTo(fd, name, message) {
      const to = unixAddress(name);
      const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
      return call('sendto', fd, message, BigInt(message.length), flags, to, to.length) === message.length;
    },
  };
}

/** struct sockaddr_un: an abstract name is as long as it is, a path ends with a NUL. */
function unixAddress(name: string): Buffer {
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, Buffer.from(name), Buffer.alloc(name.startsWith('\0') ? 0 : 1)]);
}

/** Both architectures that rolekeeper runs on have the low byte first. */
function lengthWord(value: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value);
  return word;
}
