import { createServer, type Server, type Socket } from 'node:net';
import type { AccessGate } from '../domain/access-gate.ts';
import type { Clock } from '../domain/ports.ts';
import { COLD_START_HOLD_MS, type CredentialReader } from '../domain/reader.ts';
import { answersFor } from './answers.ts';

export interface LineSocket {
  /** To be listened with. */
  readonly server: Server;
  /** Stops accepting, lets the connections that are there end for `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

export interface LineSocketParts {
  readonly reader: CredentialReader;
  readonly gate: AccessGate<Socket>;
  /** The real one: what deadlines run by. */
  readonly networkClock: Clock;
}

const MOST_CONNECTIONS = 1_000;
/** From the line to the end of the connection, for a client that does not hang up by itself: `nc` waits for us to. */
const LINGER_MS = 100;
/** For a client that does not take the line: whole answers fit into the socket, so that none should need it. */
const LONGEST_STALL_MS = 5_000;

/**
 * For programs that can open a socket and read, and nothing else: every connection gets the `credential_process` answer,
 * one line, and is closed. Nothing is read from it. Without credentials, and where the rules deny it, it is closed without a
 * byte, so that no reader can take a refusal for an answer; a cold agent closes it after 1.5 s.
 */
export function createLineSocket({ reader, gate, networkClock }: LineSocketParts): LineSocket {
  const open = new Set<Socket>();
  // A client may end its half at once (`nc -N`, a shell's `</dev/null`) and still wants the line.
  const server = createServer({ allowHalfOpen: true }, (socket) => void serve(socket));
  server.maxConnections = MOST_CONNECTIONS;
  return { server, close };

  async function serve(socket: Socket): Promise<void> {
    open.add(socket);
    let cancel = () => {};
    socket.once('close', () => {
      open.delete(socket);
      cancel();
    });
    socket.on('error', () => {});
    // What a client says is thrown away: a Unix socket that is closed with something unread ends in an error for it.
    socket.resume();
    const caller = await gate.callerOf(socket);
    const refusal = gate.refusal(caller);
    gate.record(caller, { verdict: refusal?.code ?? 'allowed' });
    const { held } = refusal === undefined ? await reader.readSettled(COLD_START_HOLD_MS) : {};
    gate.answered(held === undefined || socket.destroyed ? 0 : 200);
    if (socket.destroyed) return;
    cutAfter(LONGEST_STALL_MS);
    socket.once('finish', () => cutAfter(LINGER_MS));
    socket.end(held === undefined ? '' : answersFor(held).credentialProcess.body, 'latin1');

    function cutAfter(delayMs: number): void {
      cancel();
      cancel = networkClock.setTimer(delayMs, () => socket.destroy());
    }
  }

  function close(graceMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = networkClock.setTimer(graceMs, () => {
      for (const socket of open) socket.destroy();
    });
    server.close(() => {
      cancel();
      resolve();
    });
    return promise;
  }
}
