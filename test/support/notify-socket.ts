import { rmSync } from 'node:fs';

/** What a service manager's end of `NOTIFY_SOCKET` has received: Node has no words for such a socket, so by `node:ffi`. */
export interface NotifySocket extends Disposable {
  /** The messages since the last call, each as its lines. */
  messages(): string[][];
}

interface Functions {
  readonly functions: Readonly<Record<string, (...args: unknown[]) => number | bigint>>;
}

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2_000_000;
const MSG_DONTWAIT = 0x40;
const LONGEST = 4_096;

/** @param name a path, or an abstract name that begins with NUL */
export function notifySocket(name: string): NotifySocket {
  const ffi = process.getBuiltinModule('node:ffi') as unknown as {
    dlopen(path: null, functions: object): Functions;
  };
  const { functions } = ffi.dlopen(null, {
    socket: { return: 'i32', arguments: ['i32', 'i32', 'i32'] },
    bind: { return: 'i32', arguments: ['i32', 'buffer', 'u32'] },
    recv: { return: 'i64', arguments: ['i32', 'buffer', 'u64', 'i32'] },
    close: { return: 'i32', arguments: ['i32'] },
  });
  const call = (which: string, ...args: unknown[]) => Number(functions[which]?.(...args));
  const fd = call('socket', AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(name)]);
  if (call('bind', fd, address, address.length) !== 0) throw new Error(`Cannot bind ${JSON.stringify(name)}`);
  const buffer = Buffer.alloc(LONGEST);
  return {
    messages() {
      const found: string[][] = [];
      for (;;) {
        const length = call('recv', fd, buffer, BigInt(LONGEST), MSG_DONTWAIT);
        if (length < 0) return found;
        found.push(buffer.toString('utf8', 0, length).trimEnd().split('\n'));
      }
    },
    [Symbol.dispose]() {
      call('close', fd);
      if (!name.startsWith('\0')) rmSync(name, { force: true });
    },
  };
}
