import type { Socket } from 'node:net';
import { type Caller, unknownCaller } from '../domain/caller.ts';
import { type Libc, systemLibc } from './libc.ts';
import { type ProcessFacts, processFacts } from './process-facts.ts';

/** Who is at the other end of a Unix socket. */
export interface UnixPeers {
  /** To be called when the connection was accepted; the same object for the same connection from then on. */
  callerOf(connection: Socket): Caller;
}

export interface UnixPeersOptions {
  readonly libc?: () => Libc | undefined;
  readonly facts?: ProcessFacts;
}

/** socket(7), unix(7); <asm-generic/socket.h>, which both of our architectures use. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERGROUPS = 59;
/** Bytes: pid, uid and gid of 32 bits each. */
const UCRED_SIZE = 12;
/** NGROUPS_MAX times 4. */
const LONGEST_GROUPS = 65_536 * 4;
const USUAL_GROUPS = 64 * 4;

/**
 * The kernel keeps user, groups and process id of who has connected. The process may end, and its id be given to
 * another one: its start time is taken at once, and what is read of it later counts only if that is still the same after
 * the reading.
 */
export function createUnixPeers(options: UnixPeersOptions = {}): UnixPeers {
  const { libc = systemLibc, facts = processFacts() } = options;
  const known = new WeakMap<Socket, Caller>();
  return {
    callerOf(connection) {
      let caller = known.get(connection);
      if (caller === undefined) {
        caller = look(connection);
        known.set(connection, caller);
      }
      return caller;
    },
  };

  function look(connection: Socket): Caller {
    const fd = descriptorOf(connection);
    const library = fd === undefined ? undefined : libc();
    if (fd === undefined || library === undefined) return unknownCaller;
    const credentials = library.socketOption(fd, SOL_SOCKET, SO_PEERCRED, UCRED_SIZE);
    if (credentials?.length !== UCRED_SIZE) return unknownCaller;
    const pid = credentials.readInt32LE(0);
    const process = pid > 0 ? sameProcess(pid, facts) : undefined;
    return {
      uid: credentials.readUInt32LE(4),
      pid: process === undefined ? undefined : pid,
      gids: groupsOf(library, fd, credentials.readUInt32LE(8)),
      get exe() {
        return process?.().exe;
      },
      get unit() {
        return process?.().unit;
      },
    };
  }
}

interface Program {
  readonly exe: string | undefined;
  readonly unit: string | undefined;
}

const UNKNOWN: Program = { exe: undefined, unit: undefined };

/**
 * Undefined for a process that has ended already, or of which /proc shows nothing. Both facts are read at once, so that one
 * look at the start time after that is good for both: each look costs a tenth of an answer.
 */
function sameProcess(pid: number, facts: ProcessFacts): (() => Program) | undefined {
  const startTime = facts.startTime(pid);
  if (startTime === undefined) return undefined;
  let found: Program | undefined;
  return () => {
    if (found === undefined) {
      const program = { exe: facts.exe(pid), unit: facts.unit(pid) };
      found = facts.startTime(pid) === startTime ? program : UNKNOWN;
    }
    return found;
  };
}

function groupsOf(libc: Libc, fd: number, gid: number): ReadonlySet<number> | undefined {
  const groups =
    libc.socketOption(fd, SOL_SOCKET, SO_PEERGROUPS, USUAL_GROUPS) ??
    libc.socketOption(fd, SOL_SOCKET, SO_PEERGROUPS, LONGEST_GROUPS);
  if (groups === undefined) return undefined;
  const gids = new Set([gid]);
  for (let at = 0; at + 4 <= groups.length; at += 4) gids.add(groups.readUInt32LE(at));
  return gids;
}

/** Node shows it nowhere else. */
function descriptorOf(connection: Socket): number | undefined {
  const { fd } = (connection as Socket & { _handle?: { fd?: number } })._handle ?? {};
  return fd !== undefined && fd >= 0 ? fd : undefined;
}
