import { chmodSync, chownSync, linkSync, lstatSync, readdirSync, rmSync, type Stats } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { ACCEPT_QUEUE } from './accept-queue.ts';
import { randomName } from './secret-random.ts';

export interface SocketFileOptions {
  /** Permission bits of the socket file. */
  readonly mode: number;
  /** Group of the socket file. Undefined: the process's own. */
  readonly gid?: number | undefined;
}

/** Another process answers at the path. The caller must not start: two agents would fight over it. */
export class SocketInUseError extends Error {
  override readonly name = 'SocketInUseError';

  constructor(path: string) {
    super(
      `Cannot listen on ${path}: another agent is listening there. Stop it first, or give this one its own --runtime-dir`,
    );
  }
}

/** sockaddr_un.sun_path is 108 bytes with its closing NUL (unix(7)). */
const LONGEST_PATH_BYTES = 107;
/** The names under which sockets are made. A killed agent can leave one, the next start sweeps it. */
const PRIVATE_NAME = /^\.s-[0-9a-f]{8}$/;
/** One of them is the same for all: whoever has linked its own socket to it may remove a dead agent's. */
const TURN_NAME = '.s-00000000';
const MOST_ATTEMPTS = 10;

/**
 * Listens on a Unix socket so that nobody can connect before mode and group are right: the socket is made under a
 * private name and then linked to its own. A dead agent's file is taken over, a living agent's never is, however many
 * start at the same moment: `link` gives the name to one of them. Returns the way to take the name back at the end;
 * best while the server still listens, so that nobody can be taking it over meanwhile.
 */
export async function listenOnSocketFile(
  server: Server,
  path: string,
  { mode, gid }: SocketFileOptions,
): Promise<() => void> {
  const directory = dirname(path);
  const privatePath = join(directory, `.s-${randomName(4)}`);
  requireShort(path, privatePath);
  await bindPrivately(server, privatePath, path);
  let own: Stats;
  try {
    if (gid !== undefined) giveToGroup(privatePath, gid, path);
    chmodSync(privatePath, mode);
    own = lstatSync(privatePath);
    await claim(privatePath, path);
  } catch (error) {
    server.close();
    // Who has the name sweeps the private ones: if ours is gone, another agent was faster.
    const isSwept = (error as NodeJS.ErrnoException).code === 'ENOENT' && statIfThere(path) !== undefined;
    throw isSwept ? new SocketInUseError(path) : error;
  } finally {
    rmSync(privatePath, { force: true });
  }
  await sweepPrivateNames(directory);
  return () => {
    if (isSameFile(statIfThere(path), own)) rmSync(path, { force: true });
  };
}

/** Binds with every permission off: `listen` binds before it returns, so the umask is ours for no longer than that. */
function bindPrivately(server: Server, privatePath: string, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = ({ code, message }: NodeJS.ErrnoException) => {
    // libuv says EACCES also where the directory is missing.
    const why =
      code === 'EACCES' ? 'its directory must exist and be writable for this user (EACCES)' : message;
    reject(new Error(`Cannot listen on ${path}: ${why}`));
  };
  server.once('error', fail);
  const umask = process.umask(0o777);
  try {
    server.listen(privatePath, ACCEPT_QUEUE, () => {
      server.removeListener('error', fail);
      resolve();
    });
  } finally {
    process.umask(umask);
  }
  return promise;
}

function giveToGroup(privatePath: string, gid: number, path: string): void {
  try {
    chownSync(privatePath, -1, gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    throw new Error(
      `Cannot listen on ${path}: this user may not give the socket to group ${gid}. Make it a member, or configure a group of its own`,
    );
  }
}

async function claim(privatePath: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    if (linked(privatePath, path)) return;
    const found = statIfThere(path);
    if (found === undefined) continue;
    if (!found.isSocket()) {
      throw new Error(`Cannot listen on ${path}: a file that is no socket stands there. Move it away`);
    }
    if (await answers(path)) throw new SocketInUseError(path);
    await removeInTurn(path, found, privatePath);
  }
  throw new SocketInUseError(path);
}

/**
 * Removes a dead agent's socket, one agent at a time: between another's look and its `rm`, the name could have gone to
 * a living one. Where it is another's turn nothing is done, and where that one was killed in it, the turn is freed.
 */
async function removeInTurn(path: string, found: Stats, privatePath: string): Promise<void> {
  const turn = join(dirname(path), TURN_NAME);
  if (!linked(privatePath, turn)) {
    await removeIfDead(turn);
    return;
  }
  try {
    removeIfUnchanged(path, found);
  } finally {
    rmSync(turn, { force: true });
  }
}

/** Removes what killed agents left. What cannot be swept does no harm. */
async function sweepPrivateNames(directory: string): Promise<void> {
  try {
    for (const name of readdirSync(directory)) {
      if (PRIVATE_NAME.test(name)) await removeIfDead(join(directory, name));
    }
  } catch {}
}

async function removeIfDead(path: string): Promise<void> {
  const found = statIfThere(path);
  if (found?.isSocket() && !(await answers(path))) removeIfUnchanged(path, found);
}

function removeIfUnchanged(path: string, found: Stats): void {
  const there = statIfThere(path);
  // A new file can have the number of one that was just removed, and not its time.
  if (isSameFile(there, found) && there?.ctimeMs === found.ctimeMs) rmSync(path, { force: true });
}

/** Whether a process accepts connections at the path. A full backlog (EAGAIN) or a stopped process counts as one. */
function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(path);
  probe.once('connect', () => finish(true));
  probe.once('error', (error: NodeJS.ErrnoException) => {
    finish(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
  });
  return promise;

  function finish(alive: boolean): void {
    probe.destroy();
    resolve(alive);
  }
}

function requireShort(path: string, privatePath: string): void {
  const longer = Math.max(Buffer.byteLength(path), Buffer.byteLength(privatePath));
  if (longer > LONGEST_PATH_BYTES) {
    const excess = longer - LONGEST_PATH_BYTES;
    throw new Error(
      `Cannot listen on ${path}: the path of a Unix socket has at most ${LONGEST_PATH_BYTES} bytes, and this one, or its private name while it is made, has ${longer}. Choose a --runtime-dir that is shorter by ${excess}`,
    );
  }
}

/** Gives the file the other name too, unless that is taken. */
function linked(path: string, name: string): boolean {
  try {
    linkSync(path, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function statIfThere(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function isSameFile(a: Stats | undefined, b: Stats): boolean {
  return a !== undefined && a.ino === b.ino && a.dev === b.dev;
}
