import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, linkSync, lstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';

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

/**
 * Listens on a Unix socket so that nobody can connect before mode and group are right: the socket is made under a
 * private name and then linked to its own. A dead agent's file is taken over, a living agent's never is, also when two
 * start at the same moment: `link` gives the name to one of them. Returns the way to take the name back at the end.
 */
export async function listenOnSocketFile(
  server: Server,
  path: string,
  options: SocketFileOptions,
): Promise<() => void> {
  const privatePath = join(dirname(path), `.s-${randomBytes(4).toString('hex')}`);
  requireShort(path.length > privatePath.length ? path : privatePath);
  await bindPrivately(server, privatePath);
  try {
    if (options.gid !== undefined) chownSync(privatePath, -1, options.gid);
    chmodSync(privatePath, options.mode);
    const own = lstatSync(privatePath);
    await claim(privatePath, path);
    return () => {
      if (isSameFile(statIfThere(path), own)) rmSync(path, { force: true });
    };
  } catch (error) {
    server.close();
    throw error;
  } finally {
    rmSync(privatePath, { force: true });
  }
}

/** Binds with every permission off: `listen` binds before it returns, so the umask is ours for no longer than that. */
function bindPrivately(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  const umask = process.umask(0o777);
  try {
    server.listen(path, () => {
      server.removeListener('error', reject);
      resolve();
    });
  } finally {
    process.umask(umask);
  }
  return promise;
}

async function claim(privatePath: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      linkSync(privatePath, path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    await clearStale(path);
  }
  throw new SocketInUseError(path);
}

/** Removes the file if nobody listens behind it. Throws if somebody does, or if it is no socket at all. */
async function clearStale(path: string): Promise<void> {
  const found = statIfThere(path);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new Error(`Cannot listen on ${path}: a file that is no socket stands there. Move it away`);
  }
  if (await answers(path)) throw new SocketInUseError(path);
  const grave = join(dirname(path), `.s-${randomBytes(4).toString('hex')}`);
  try {
    renameSync(path, grave);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Between the probe and the rename another agent may have put its own socket there: that one goes back.
  if (!isSameFile(statIfThere(grave), found)) linkSync(grave, path);
  rmSync(grave, { force: true });
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

function requireShort(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > LONGEST_PATH_BYTES) {
    throw new Error(
      `Cannot listen on ${path}: the path of a Unix socket has at most ${LONGEST_PATH_BYTES} bytes, this one has ${bytes}. Choose a shorter --runtime-dir`,
    );
  }
}

function statIfThere(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function isSameFile(a: Stats | undefined, b: Stats): boolean {
  return a !== undefined && a.ino === b.ino && a.dev === b.dev;
}
