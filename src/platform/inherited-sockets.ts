import { fstatSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { ACCEPT_QUEUE } from './accept-queue.ts';

/** A listening socket that was bound before this process started: it outlives it, so a restart refuses nobody. */
export interface InheritedSocket {
  readonly fd: number;
}

/** Descriptors by the name that the service manager gave them (systemd.socket(5), `FileDescriptorName=`). */
export type InheritedSockets = ReadonlyMap<string, InheritedSocket>;

/** sd_listen_fds(3): SD_LISTEN_FDS_START. */
const FIRST_FD = 3;
const VARIABLES = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'];

/**
 * The sockets that were passed by the protocol of sd_listen_fds(3); none where the variables are meant for another
 * process, or are not there. They are removed from `env` in every case, so that no child takes them for its own. Node
 * itself keeps the descriptors from children. Throws an Error for variables that contradict each other or the process.
 */
export function takeInheritedSockets(env: NodeJS.ProcessEnv, pid: number): InheritedSockets {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = env;
  for (const name of VARIABLES) delete env[name];
  if (LISTEN_PID !== String(pid)) return new Map();
  const count = countOf(LISTEN_FDS);
  const names = LISTEN_FDNAMES === '' ? [] : LISTEN_FDNAMES.split(':');
  if (names.length !== count) {
    throw refused(
      `LISTEN_FDS=${count} sockets need as many names, and LISTEN_FDNAMES has ${names.length}. Set FileDescriptorName= in every socket unit`,
    );
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw refused(
      `two of them are called ${JSON.stringify(twice)}. Give every socket its own unit with its own FileDescriptorName=`,
    );
  }
  return new Map(names.map((name, index) => [name, { fd: socketAt(FIRST_FD + index, name) }]));
}

/** Listens on it. Returns where a TCP socket is bound, and undefined for a Unix socket. Rejects for anything else. */
export function listenOnInherited(server: Server, { fd }: InheritedSocket): Promise<AddressInfo | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo | undefined>();
  const fail = (error: NodeJS.ErrnoException) => {
    reject(
      refused(`nothing can listen on descriptor ${fd} (${error.code ?? error.name}). Pass a stream socket`),
    );
  };
  server.once('error', fail);
  server.listen({ fd }, ACCEPT_QUEUE, () => {
    server.removeListener('error', fail);
    const address = server.address();
    resolve(typeof address === 'object' && address !== null ? address : undefined);
  });
  return promise;
}

function countOf(text = ''): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw refused(`LISTEN_FDS must be a whole number from 1, and is ${JSON.stringify(text)}`);
}

function socketAt(fd: number, name: string): number {
  try {
    if (fstatSync(fd).isSocket()) return fd;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error;
  }
  throw refused(`descriptor ${fd} (${JSON.stringify(name)}) is no open socket`);
}

function refused(what: string): Error {
  return new Error(`Cannot take over the sockets that the service manager passed: ${what}`);
}
