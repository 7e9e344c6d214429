import { parseCredentialDocument } from '../domain/credential-document.ts';
import type { Credentials } from '../domain/credentials.ts';
import type { MetadataRead } from './metadata-read.ts';
import { ROLE_LIST_PATH } from './role-name.ts';
import { malformed, serviceError } from './source-errors.ts';

/** The role's credentials, expired ones too; undefined where IMDS has no document under that name (404). */
export async function readRoleDocument(
  read: MetadataRead,
  roleName: string,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const path = `${ROLE_LIST_PATH}${roleName}`;
  const text = await read(path, signal);
  if (text === undefined) return undefined;
  const document = parseCredentialDocument(text);
  if (document.ok) return document.credentials;
  if (document.reason === 'malformed') throw malformed({ method: 'GET', path }, document.fault);
  throw serviceError(roleName, document.code, document.serviceMessage);
}
