import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, renameSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';

export type SocketToPass =
  | { readonly name: string; readonly host: string }
  | { readonly name: string; readonly path: string };

export interface ServiceManagerOptions {
  /** In the order of their descriptors, from 3. */
  readonly sockets: readonly SocketToPass[];
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A parent that binds sockets, keeps them, and passes them to one program after the other: sd_listen_fds(3). */
export interface ServiceManager extends AsyncDisposable {
  /** By the name of a TCP socket. */
  readonly ports: ReadonlyMap<string, number>;
  /** Starts the program, and resolves with the first line that it writes. */
  start(): Promise<string>;
  /** Ends the program by signal (default SIGTERM), and resolves with its exit status. */
  stop(signal?: NodeJS.Signals): Promise<number>;
  /** The next line of the program, or `ended STATUS`. */
  nextLine(): Promise<string>;
}

/** The shell keeps the sockets open and accepts nothing. Every line it reads is an order to start the program. */
const KEEPER = `while read -r _; do
  sh -c 'LISTEN_PID=$$; export LISTEN_PID; echo "started $$"; exec "$@"' sh "$@" </dev/null 2>&1
  echo "ended $?"
done`;

export async function serviceManager(options: ServiceManagerOptions): Promise<ServiceManager> {
  const { sockets, command, env = {} } = options;
  const bound = await Promise.all(sockets.map(bind));
  const keeper = spawn('sh', ['-c', KEEPER, 'sh', ...command], {
    stdio: ['pipe', 'pipe', 'ignore', ...bound.map(({ fd }) => fd)],
    env: {
      PATH: process.env.PATH,
      LISTEN_FDS: String(sockets.length),
      LISTEN_FDNAMES: sockets.map(({ name }) => name).join(':'),
      ...env,
    },
  });
  await once(keeper, 'spawn');
  for (const { letGo } of bound) letGo();
  const lines = createInterface({ input: keeper.stdout ?? process.stdin })[Symbol.asyncIterator]();
  let pid: number | undefined;

  return {
    ports: new Map(bound.flatMap(({ name, port }) => (port === undefined ? [] : [[name, port] as const]))),
    nextLine,
    async start() {
      keeper.stdin?.write('start\n');
      pid = Number(/^started (\d+)$/.exec(await nextLine())?.[1]);
      return nextLine();
    },
    async stop(signal = 'SIGTERM') {
      if (pid !== undefined) process.kill(pid, signal);
      for (;;) {
        const status = /^ended (\d+)$/.exec(await nextLine())?.[1];
        if (status === undefined) continue;
        pid = undefined;
        return Number(status);
      }
    },
    async [Symbol.asyncDispose]() {
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      await end(keeper);
      for (const socket of sockets) if ('path' in socket) rmSync(socket.path, { force: true });
    },
  };

  async function nextLine(): Promise<string> {
    const { value, done } = await lines.next();
    if (done) throw new Error('The program and its keeper have ended');
    return value;
  }
}

/** Node accepts on what it binds and removes the file when it lets go: the file gets a second name against that. */
async function bind(socket: SocketToPass) {
  const server = createServer();
  if ('path' in socket) server.listen(`${socket.path}.bound`);
  else server.listen(0, socket.host);
  await once(server, 'listening');
  if ('path' in socket) {
    linkSync(`${socket.path}.bound`, `${socket.path}.kept`);
    renameSync(`${socket.path}.kept`, socket.path);
  }
  const port = 'path' in socket ? undefined : (server.address() as AddressInfo).port;
  return { name: socket.name, port, fd: descriptorOf(server), letGo: () => server.close() };
}

function descriptorOf(server: Server): number {
  return (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}

async function end(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return;
  keeper.stdin?.end();
  await once(keeper, 'close');
}
