import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_CONFIG_PATH } from '../../config/load.ts';
import { createHttpTransport } from '../../imds/http-transport.ts';
import type { Transport } from '../../imds/transport.ts';
import { createNft, type Nft } from '../../network/nft.ts';
import { type Accounts, accounts } from '../../platform/accounts.ts';
import { asUser } from '../../platform/as-user.ts';
import { type ProcessEnvironment, processEnvironments } from '../../platform/process-environments.ts';
import { type ProcessFacts, processFacts } from '../../platform/process-facts.ts';
import { socketHolders, type TcpSocket, tcpSockets } from '../../platform/tcp-sockets.ts';
import type { CommandWorld } from '../command-world.ts';

/** Everything that is looked at, as a value: a test hands over a machine with something wrong in it. */
export interface Machine extends CommandWorld {
  /** Of this process, the effective one included. */
  readonly gids: ReadonlySet<number>;
  readonly accounts: Accounts;
  readonly facts: ProcessFacts;
  environments(): Iterable<ProcessEnvironment>;
  /** Throws where the tables are not to be read. */
  sockets(): readonly TcpSocket[];
  holders(inodes: ReadonlySet<number>): ReadonlyMap<number, number>;
  transportFor(origin: string, timeouts: Timeouts): Transport;
  /** Does the work with another effective user id, as only root can. */
  asUser<T>(uid: number, work: () => Promise<T>): Promise<T>;
  /** Undefined: this user may not ask for the packet rules. */
  readonly nft: Pick<Nft, 'ours' | 'normalised'> | undefined;
  /** Whether the unit that loads the packet rules is to run at boot. */
  readonly isNetworkUnitEnabled: boolean;
  /** Of a file that is there and closed to this user; false where there is none. */
  isClosed(path: string): boolean;
  readonly defaultConfigPath: string;
}

export interface Timeouts {
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** The one that this process runs on. */
export function thisMachine(world: CommandWorld): Machine {
  const { clock, version, uid } = world;
  return {
    ...world,
    gids: new Set([process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])]),
    accounts: accounts(),
    facts: processFacts(),
    environments: processEnvironments,
    sockets: tcpSockets,
    holders: socketHolders,
    transportFor: (origin, timeouts) => createHttpTransport({ origin, ...timeouts, clock, version }),
    asUser,
    nft: uid === 0 ? createNft({ clock }) : undefined,
    isNetworkUnitEnabled: isWanted('rolekeeper-network.service'),
    isClosed: (path) => existsSync(path) && !isReadable(path),
    defaultConfigPath: DEFAULT_CONFIG_PATH,
  };
}

/** As `systemctl enable` leaves it: a link below some target's `.wants`. */
function isWanted(unit: string, units = '/etc/systemd/system'): boolean {
  try {
    return readdirSync(units)
      .filter((name) => name.endsWith('.wants'))
      .some((name) => readdirSync(join(units, name)).includes(unit));
  } catch {
    return false;
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
