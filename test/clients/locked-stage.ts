import { readFileSync, writeFileSync } from 'node:fs';
import { userId } from '../../src/platform/groups.ts';
import { imdsAddress, imdsRelay } from '../network/imds-on-loopback.ts';
import { checkoutIn, IMDS_V4, nft, sh } from '../network/instance.ts';
import { network } from '../network/programs.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { openStage, type Stage } from './stage.ts';
import { AGENT_USER } from './users.ts';

/** A stage whose instance has IMDS at its own address, and the rules of `rolekeeper network apply` before it. */
export interface LockedStage extends AsyncDisposable {
  readonly stage: Stage;
  /** Packets that our rules have refused until now. */
  refusals(): number;
  /** Packets to IMDS that somebody else than the agent got past our rules. */
  strayed(): number;
}

/** What asks for a connection again has waited for an answer in vain: who is refused never does. Within this network namespace. */
export function repeatedConnects(): number {
  const [names = '', values = ''] = readFileSync('/proc/self/net/netstat', 'utf8').split('\n');
  return Number(values.split(' ')[names.split(' ').indexOf('TCPSynRetrans')]);
}

/** @throws where the rules cannot be applied, or `rolekeeper network check` does not find them */
export async function openLockedStage(lifetime: string, checkInterval?: string): Promise<LockedStage> {
  await using opened = new AsyncDisposableStack();
  const checkout = opened.use(readableCheckout());
  opened.use(imdsAddress());
  // For a client that drops the port of its endpoint: the agent's own user listens on port 80 of 127.0.0.1.
  writeFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', '0');
  const relay = opened.use(await imdsRelay());
  const stage = opened.use(
    await openStage(lifetime, checkInterval, { checkout: checkout.path, leadTo: relay.leadTo }),
  );
  const place = { directory: stage.directory, checkout: checkout.path };
  const rolekeeperNetwork = async (verb: string) => {
    const { code, stdout, stderr } = await network(place, verb);
    if (code !== 0) throw new Error(`rolekeeper network ${verb} ended with ${code}: ${stdout}${stderr}`);
  };
  await rolekeeperNetwork('apply');
  opened.defer(() => rolekeeperNetwork('remove'));
  await rolekeeperNetwork('check');
  opened.use(counterOfStrayed());
  const parts = opened.move();
  return {
    stage,
    refusals: () => packets('chain inet rolekeeper refuse'),
    strayed: () => packets('chain ip clients strayed'),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function readableCheckout(): Disposable & { readonly path: string } {
  const directory = temporaryDirectory();
  const path = checkoutIn(directory.path);
  return {
    path,
    [Symbol.dispose]() {
      sh(`umount --lazy '${path}'`);
      directory[Symbol.dispose]();
    },
  };
}

/** Counts what comes after the rules of rolekeeper. */
function counterOfStrayed(): Disposable {
  nft(`table ip clients {
    chain strayed {
      type filter hook output priority 10
      ip daddr ${IMDS_V4} meta skuid != ${userId(AGENT_USER)} counter
    }
  }`);
  return {
    [Symbol.dispose]() {
      sh('nft delete table ip clients');
    },
  };
}

function packets(chain: string): number {
  const counts = [...sh(`nft list ${chain}`).matchAll(/counter packets (\d+)/g)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
