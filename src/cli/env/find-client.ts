import { nearest } from '../../config/nearest.ts';
import { knownClients } from './clients.ts';
import type { KnownClient } from './known-client.ts';

export type FoundClient = { readonly client: KnownClient } | { readonly meant: string | undefined };

/** The client of that name, however it is spelt; else the name that was most likely meant. */
export function findClient(asked: string): FoundClient {
  const wanted = plain(asked);
  const client = knownClients.find(({ names }) => names.some((name) => plain(name) === wanted));
  if (client !== undefined) return { client };
  const spellings = new Map(
    knownClients.flatMap(({ names }) => names.map((name) => [plain(name), name] as const)),
  );
  const near = nearest(wanted, spellings.keys()) ?? containing(wanted, [...spellings.keys()]);
  return { meant: near === undefined ? undefined : spellings.get(near) };
}

/** `AWS_SDK_Go_v2`, `aws-sdk-go-v2` and `sdk-go-v2` are one name. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]/g, '')
    .replace(/^awssdk/, 'sdk');
}

/** `ruby` for `ruby-aws-sdk-s3`, `pgbackrest` for `pgbackrest2.45`. */
function containing(wanted: string, known: readonly string[]): string | undefined {
  const candidates = known.filter(
    (each) => (each.length > 3 && wanted.includes(each)) || (wanted.length > 2 && each.includes(wanted)),
  );
  return candidates.toSorted((a, b) => b.length - a.length)[0];
}
