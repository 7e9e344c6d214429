import type { MetadataRead } from './metadata-read.ts';
import { malformed, noRole, roleMismatch } from './source-errors.ts';

export const ROLE_LIST_PATH = '/latest/meta-data/iam/security-credentials/';
const ASKED = { method: 'GET', path: ROLE_LIST_PATH } as const;

/** IAM's rule for role names. It also keeps the name one path segment, so what IMDS lists cannot lead elsewhere. */
const ROLE_NAME = /^(?!\.{1,2}$)[\w+=,.@-]{1,64}$/;

/**
 * The name of the attached role. An instance profile holds one role at most, so the list has one line; of more, the
 * first counts. `onlyRole` is `imds.role`, empty for whichever is attached. An empty list is malformed rather than "no
 * role", for which IMDS has its 404: a half-broken IMDS must not take a role's credentials away.
 */
export async function readRoleName(
  read: MetadataRead,
  onlyRole: string,
  signal: AbortSignal,
): Promise<string> {
  const list = await read(ROLE_LIST_PATH, signal);
  if (list === undefined) throw noRole(ASKED);
  const name = list.trim().replace(/\s*\n.*/s, '');
  if (name === '') throw malformed(ASKED, 'an empty role list');
  if (!ROLE_NAME.test(name)) throw malformed(ASKED, 'a first line that is no role name by the rules of IAM');
  if (onlyRole !== '' && name !== onlyRole) throw roleMismatch(onlyRole, name);
  return name;
}
