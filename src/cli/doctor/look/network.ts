import type { Settings } from '../../../config/settings.ts';
import { candidateOrigins, type EndpointSetting } from '../../../imds/endpoint.ts';
import { drift } from '../../../network/drift.ts';
import { planNetwork } from '../../../network/network-plan.ts';
import { NftError } from '../../../network/nft.ts';
import { renderRuleset } from '../../../network/ruleset.ts';
import { userId } from '../../../platform/groups.ts';
import type { TcpPlace, TcpSocket } from '../../../platform/tcp-sockets.ts';
import type { Machine } from '../machine.ts';

/** What the kernel's packet rules are, against what the configuration wants of them. */
export type RulesSeen =
  | { readonly kind: 'in-force' | 'absent' }
  | { readonly kind: 'other'; readonly differences: readonly string[] }
  /** Why they could not be looked at. */
  | { readonly kind: 'unknown'; readonly why: string };

export async function lookAtRules(settings: Settings, { nft }: Machine): Promise<RulesSeen> {
  if (nft === undefined) return { kind: 'unknown', why: 'only root may list them' };
  try {
    const live = await nft.ours();
    if (live === undefined) return { kind: 'absent' };
    const { network, imdsEndpoint } = settings;
    const result = planNetwork({ ...network, target: imdsEndpoint.listen }, userId);
    if (!result.ok) return { kind: 'unknown', why: result.errors.join('; ') };
    const differences = drift(await nft.normalised(renderRuleset(result.plan)), live);
    return differences.length > 0 ? { kind: 'other', differences } : { kind: 'in-force' };
  } catch (error) {
    if (!(error instanceof NftError)) throw error;
    return { kind: 'unknown', why: error.message.split('\n')[0] ?? '' };
  }
}

/** A connection to IMDS that is not this command's, nor the agent's. */
export interface DirectReader {
  readonly uid: number;
  readonly pid: number | undefined;
  readonly place: TcpPlace;
}

/** Where IMDS is, both the real one and the configured one, as the tables of sockets name it. */
export function imdsPlaces(endpoint: EndpointSetting = 'auto'): readonly TcpPlace[] {
  return [...new Set([...candidateOrigins('auto'), ...candidateOrigins(endpoint)])].map((origin) => {
    const { hostname, port } = new URL(origin);
    return { address: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 80) };
  });
}

/** @param ours process ids whose connections are meant to be; undefined answers: the tables are not to be read */
export function lookForDirectReaders(
  places: readonly TcpPlace[],
  ours: ReadonlySet<number>,
  machine: Pick<Machine, 'sockets' | 'holders'>,
): readonly DirectReader[] | undefined {
  let rows: readonly TcpSocket[];
  try {
    rows = machine.sockets();
  } catch {
    return undefined;
  }
  // Without an inode no process holds it any more, and the row's user is not its own.
  const talking = rows.filter(
    ({ remote, inode, isListening }) =>
      inode !== 0 && !isListening && places.some((place) => isSamePlace(place, remote)),
  );
  const holders = machine.holders(new Set(talking.map(({ inode }) => inode)));
  return talking
    .map(({ uid, inode, remote }) => ({ uid, pid: holders.get(inode), place: remote }))
    .filter(({ pid }) => pid === undefined || !ours.has(pid));
}

export interface PortHolder {
  readonly place: TcpPlace;
  readonly uid: number;
  readonly pid: number | undefined;
}

/** Who listens where a surface of ours should. */
export function lookForPortHolder(
  wanted: TcpPlace,
  machine: Pick<Machine, 'sockets' | 'holders'>,
): PortHolder | undefined {
  try {
    const row = machine
      .sockets()
      .find(({ local, isListening }) => isListening && local.port === wanted.port && covers(local, wanted));
    if (row === undefined) return undefined;
    return { place: row.local, uid: row.uid, pid: machine.holders(new Set([row.inode])).get(row.inode) };
  } catch {
    return undefined;
  }
}

function covers({ address }: TcpPlace, wanted: TcpPlace): boolean {
  return address === wanted.address || address === '::' || address === '0.0.0.0';
}

function isSamePlace(one: TcpPlace, other: TcpPlace): boolean {
  return one.address === other.address && one.port === other.port;
}
