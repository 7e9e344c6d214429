/**
 * What a service manager starts in tests: takes over the sockets that were passed, tries to listen on each as argument
 * `NAME=tcp` or `NAME=unix` says, and writes one line of JSON about it.
 */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { takeInheritedSockets } from '../../src/platform/inherited-sockets.ts';
import { listenOnLoopback } from '../../src/platform/tcp-listener.ts';
import { listenOnUnixSocket } from '../../src/platform/unix-listener.ts';

const sockets = takeInheritedSockets(process.env, process.pid);
const outcomes: Record<string, unknown> = {};
for (const argument of process.argv.slice(2)) {
  const [name = '', kind] = argument.split('=');
  const socket = sockets.get(name);
  if (socket === undefined) {
    outcomes[name] = 'not passed';
    continue;
  }
  const server = createServer((connection) => connection.end('served'));
  try {
    outcomes[name] =
      kind === 'tcp'
        ? await listenOnLoopback(server, socket)
        : typeof (await listenOnUnixSocket(server, socket));
  } catch (error) {
    outcomes[name] = { error: (error as Error).message, listening: server.listening };
  }
}
const left = Object.keys(process.env).filter((name) => name.startsWith('LISTEN_'));
// Of the sockets, what a process that is started from here sees.
const listing = execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });
const inChild = [...listing.matchAll(/ (\d+) -> socket:/g)].filter(([, fd]) => Number(fd) > 2).length;
process.stdout.write(`${JSON.stringify({ names: [...sockets.keys()], outcomes, left, inChild })}\n`);
process.once('SIGTERM', () => process.exit(0));
