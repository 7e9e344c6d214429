/** What the modelled IMDS answers. What it offers changes by its own actions; how an answer goes wrong, by choice. */
import type { Answer } from './check-source.ts';
import { documentOf, longExpired, type ModelSet, type Role } from './sets.ts';

export interface Imds {
  /** The attached role's newest set; undefined while no role is attached. */
  readonly set: ModelSet | undefined;
}

/** Every answer to one request of a check that is possible at this moment, the true one first. */
export function possibleAnswers(imds: Imds, asks: 'list' | 'document', listed: Role | undefined): Answer[] {
  return [trueAnswer(imds, asks, listed), ...(asks === 'list' ? BAD_LISTS : badDocuments(listed))];
}

/** A role that was replaced or detached since it was listed has no document any more. */
export function trueAnswer({ set }: Imds, asks: 'list' | 'document', listed: Role | undefined): Answer {
  if (set === undefined || (asks === 'document' && set.role !== listed)) return { name: '404', status: 404 };
  if (asks === 'list') return { name: `role ${set.role}`, body: set.role, role: set.role };
  return { name: `set ${set.name}`, body: documentOf(set) };
}

export const NO_CONNECTION: Answer = { name: 'no connection', failure: 'unreachable' };

const BAD_LISTS: readonly Answer[] = [
  NO_CONNECTION,
  { name: '403', status: 403 },
  { name: 'an empty list', body: '' },
];

function badDocuments(role: Role | undefined): Answer[] {
  const { AccessKeyId, SecretAccessKey, Expiration } = JSON.parse(documentOf(longExpired(role ?? 'blue')));
  return [
    { name: 'a broken connection', failure: 'broken' },
    { name: 'Code AssumeRoleUnauthorizedAccess', body: '{"Code":"AssumeRoleUnauthorizedAccess"}' },
    {
      name: 'a document without Token',
      body: JSON.stringify({ Code: 'Success', AccessKeyId, SecretAccessKey, Expiration }),
    },
    { name: 'a set that expired long ago', body: documentOf(longExpired(role ?? 'blue')) },
  ];
}
