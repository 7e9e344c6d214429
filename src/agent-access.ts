/** Who is behind each connection, and whether they may ask: the gates of the surfaces, and what is done at accept. */
import type { Server, Socket } from 'node:net';
import { type Access, createAccess } from './access/access.ts';
import { createConnectionShare } from './access/connection-share.ts';
import { tcpCallers } from './access/tcp-callers.ts';
import type { AgentCore } from './agent-core.ts';
import { resolveRules } from './agent-rules.ts';
import type { Settings } from './config/settings.ts';
import { REDIRECTED_FROM } from './delivery/imds-endpoint.ts';
import type { AccessGate } from './domain/access-gate.ts';
import type { AccessRule } from './domain/access-policy.ts';
import { type SurfaceName, unixSurfaceNames } from './domain/caller.ts';
import { keyIdTail } from './domain/credentials.ts';
import type { Clock, Log } from './domain/ports.ts';
import { accounts } from './platform/accounts.ts';
import { descriptorLimit } from './platform/descriptor-limit.ts';
import { keepOnThisHost } from './platform/hop-limit.ts';
import { createTcpPeers } from './platform/tcp-peer.ts';
import { createUnixPeers } from './platform/unix-peer.ts';

export interface AgentAccess extends Pick<Access, 'callers' | 'callerCount' | 'counts'> {
  /** Throws, with nothing changed, where a name in the rules is nobody's. */
  replaceRules(rules: Settings['rules']): void;
  /** Of one HTTP surface. */
  readonly mostConnections: number;
  /** Once for each surface. */
  gate(surface: SurfaceName): AccessGate<Socket>;
  /** To be told of a surface's server before it listens; of the metrics', too. */
  watch(server: Server, surface: SurfaceName | 'metrics'): void;
}

const MOST_CONNECTIONS = 10_000;
const LEAST_CONNECTIONS = 16;
/** Four surfaces share what this process may have open. */
const SURFACES = 4;
/** For everything that is no connection of a surface. */
const OTHER_DESCRIPTORS = 128;

export function createAgentAccess(
  { rules }: Settings,
  { store: { reader } }: Pick<AgentCore, 'store'>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): AgentAccess {
  const users = accounts();
  const access = createAccess({
    rules: knownRules(rules),
    clock,
    log,
    userName: users.userName,
    keyIdTail() {
      const { held } = reader.read();
      return held === undefined ? undefined : keyIdTail(held.credentials);
    },
  });
  const unix = createUnixPeers();
  const direct = createTcpPeers();
  const redirected = createTcpPeers({ originalDestinations: REDIRECTED_FROM });
  const peersAt = (surface: SurfaceName | 'metrics') => (surface === 'imds_endpoint' ? redirected : direct);
  const mostConnections = connectionsEach(descriptorLimit());

  return {
    callers: access.callers,
    replaceRules: (next) => access.replaceRules(knownRules(next)),
    callerCount: access.callerCount,
    counts: access.counts,
    mostConnections,
    gate: (surface) =>
      access.gate(surface, isUnix(surface) ? unix.callerOf : tcpCallers(peersAt(surface), users)),
    watch(server, surface) {
      // At once: what is told of a process later counts only if it still is the one that had connected.
      if (isUnix(surface)) server.on('connection', unix.callerOf);
      const uidOf = isUnix(surface)
        ? (socket: Socket) => unix.callerOf(socket).uid
        : peersAt(surface).uidAtOnce;
      const share = createConnectionShare(Math.ceil(server.maxConnections / 2), uidOf);
      server.on('connection', share);
      if (!isUnix(surface)) server.once('listening', () => keepOnThisHost(server));
    },
  };
}

function knownRules(settings: Settings['rules']): readonly AccessRule[] {
  const { rules, errors } = resolveRules(settings);
  if (errors.length > 0) throw new Error(errors.join('; '));
  return rules;
}

function isUnix(surface: SurfaceName | 'metrics'): boolean {
  return unixSurfaceNames.some((name) => name === surface);
}

/** So that all surfaces at their most leave descriptors for everything else. */
function connectionsEach(descriptors: number): number {
  const each = Math.floor((descriptors - OTHER_DESCRIPTORS) / SURFACES);
  return Math.max(LEAST_CONNECTIONS, Math.min(MOST_CONNECTIONS, each));
}
