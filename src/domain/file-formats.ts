/**
 * The formats in which a set is kept in a file, each with its way to read back what it wrote. Pure: text in, text out.
 * Nothing here is ever a part of a set, and nothing of it fits into a format as anything but a value: what a credential
 * document may hold (printable ASCII without blanks) was checked where it was read.
 */
import type { Held } from './life-state.ts';
import type { EpochMs } from './ports.ts';
import {
  type ByteText,
  type OwnLines,
  type ProfileKeys,
  readProfile,
  unreadable,
  withProfileKeys,
} from './profile-section.ts';
import { formatTimestamp, parseTimestamp } from './timestamps.ts';
import { credentialProcessJson } from './wire-formats.ts';

export type FileFormatName = 'shared-credentials' | 'credential-process' | 'env';

export interface FileFormat {
  /** The file with this set in it; `before` is undefined where there is no file. */
  withSet(before: ByteText | undefined, held: Held): FileEdit;
  /** The file without the set that is in it. */
  withoutSet(before: ByteText): FileEdit;
  /** What is in it, as far as it can be told; undefined: no set, or not one of this format. */
  setIn(before: ByteText): FileSet | undefined;
}

export type FileEdit =
  /** Undefined: nothing is left, the file goes. */
  | { readonly ok: true; readonly content: ByteText | undefined }
  /** Completes "PATH is not written: …". */
  | { readonly ok: false; readonly problem: string };

export interface FileSet {
  readonly accessKeyId: string;
  /** As consumers were told; undefined where the file does not say. */
  readonly expiration: EpochMs | undefined;
}

/** @param profile of `shared-credentials` */
export function fileFormat(name: FileFormatName, profile: string): FileFormat {
  switch (name) {
    case 'shared-credentials':
      return sharedCredentials(profile);
    case 'credential-process':
      return wholeFile((held) => `${credentialProcessJson(held)}\n`, setInJson);
    case 'env':
      return wholeFile(environmentFile, setInEnvironmentFile);
  }
}

const REMARK = '# Written by rolekeeper; replaced whenever the credentials rotate';

const PROFILE_KEYS: OwnLines = {
  remark: REMARK,
  keys: new Set([
    'aws_access_key_id',
    'aws_secret_access_key',
    'aws_session_token',
    'aws_security_token',
    'aws_account_id',
    'expiry_time',
  ]),
};

/** IAM's prefix of the keys of users, which do not expire and cannot be got again. */
const LONG_TERM_KEY = 'AKIA';

function sharedCredentials(profile: string): FileFormat {
  return {
    withSet: (before = '', held) => edit(before, profileKeys(held)),
    withoutSet: (before) => edit(before, undefined),
    setIn(before) {
      const values = readProfile(before, profile);
      return fileSet(values?.get('aws_access_key_id'), values?.get('expiry_time'));
    },
  };

  function edit(before: ByteText, keys: ProfileKeys | undefined): FileEdit {
    const fault = unreadable(before);
    if (fault !== undefined) return refused(`what is there is no credentials file: ${fault}`);
    if (readProfile(before, profile)?.get('aws_access_key_id')?.startsWith(LONG_TERM_KEY)) {
      const problem = `its profile ${profile} holds the key of an IAM user, which would be lost: name another profile, or remove it`;
      return keys === undefined ? { ok: true, content: before } : refused(problem);
    }
    const content = withProfileKeys(before, profile, keys, PROFILE_KEYS);
    return { ok: true, content: content === '' ? undefined : content };
  }
}

/**
 * The token under both names: python-boto knows only the second. `expiry_time` is htslib's (htslib-s3-plugin(7)): with
 * it, its programs read the file again in time.
 */
function profileKeys(held: Held): ProfileKeys {
  const { accessKeyId, secretAccessKey, sessionToken } = held.credentials;
  return [
    ['aws_access_key_id', accessKeyId],
    ['aws_secret_access_key', secretAccessKey.reveal()],
    ['aws_session_token', sessionToken.reveal()],
    ['aws_security_token', sessionToken.reveal()],
    ...(held.accountId === undefined ? [] : [['aws_account_id', held.accountId] as const]),
    ['expiry_time', formatTimestamp(held.advertisedExpiration)],
  ];
}

/** systemd's EnvironmentFile (systemd.exec(5)), which sh reads alike. */
function environmentFile(held: Held): ByteText {
  const { accessKeyId, secretAccessKey, sessionToken } = held.credentials;
  const variables = [
    ['AWS_ACCESS_KEY_ID', accessKeyId],
    ['AWS_SECRET_ACCESS_KEY', secretAccessKey.reveal()],
    ['AWS_SESSION_TOKEN', sessionToken.reveal()],
    ...(held.accountId === undefined ? [] : [['AWS_ACCOUNT_ID', held.accountId] as const]),
    ['AWS_CREDENTIAL_EXPIRATION', formatTimestamp(held.advertisedExpiration)],
  ] as const;
  return [REMARK, ...variables.map(([name, value]) => `${name}=${quotedForShell(value)}`), ''].join('\n');
}

/** Bare where every reader takes it bare, docker's --env-file too; else with the escapes that sh and systemd share. */
function quotedForShell(value: string): string {
  return /^[\w/+=:.,@%-]+$/.test(value) ? value : `"${value.replace(/["\\$`]/g, '\\$&')}"`;
}

/** A file that is all ours. One that holds anything else was written by someone, and is not ours to replace. */
function wholeFile(
  write: (held: Held) => ByteText,
  setIn: (before: ByteText) => FileSet | undefined,
): FileFormat {
  const isForeign = (before: ByteText) => before.trim() !== '' && setIn(before) === undefined;
  const foreign = refused('what is there was not written by rolekeeper: move it away, or change the path');
  return {
    withSet: (before = '', held) => (isForeign(before) ? foreign : { ok: true, content: write(held) }),
    withoutSet: (before) => (isForeign(before) ? foreign : { ok: true, content: undefined }),
    setIn,
  };
}

function setInJson(before: ByteText): FileSet | undefined {
  try {
    const { Version, AccessKeyId, Expiration } = JSON.parse(before) as Record<string, unknown>;
    return Version === 1 ? fileSet(asText(AccessKeyId), asText(Expiration)) : undefined;
  } catch {
    return undefined;
  }
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

const OWN_VARIABLE =
  /^(AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|ACCOUNT_ID|CREDENTIAL_EXPIRATION))=(.*)$/;

function setInEnvironmentFile(before: ByteText): FileSet | undefined {
  const values = new Map<string | undefined, string | undefined>();
  for (const line of before.split('\n')) {
    if (/^\s*([#;].*)?$/.test(line)) continue;
    const assigned = OWN_VARIABLE.exec(line);
    if (assigned === null) return undefined;
    values.set(assigned[1], assigned[2]);
  }
  return fileSet(values.get('AWS_ACCESS_KEY_ID'), values.get('AWS_CREDENTIAL_EXPIRATION'));
}

function fileSet(accessKeyId: string | undefined, expiration = ''): FileSet | undefined {
  return accessKeyId === undefined ? undefined : { accessKeyId, expiration: parseTimestamp(expiration) };
}

function refused(problem: string): FileEdit & { ok: false } {
  return { ok: false, problem };
}
