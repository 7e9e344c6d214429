/**
 * The same set on different wires. Each format's casing stops here: nothing else in the project knows that IMDS says
 * `Token` where `credential_process` says `SessionToken`.
 */
import type { Held } from './life-state.ts';
import type { EpochMs } from './ports.ts';
import type { Refusal } from './reader.ts';
import { formatTimestamp } from './timestamps.ts';

/** What a `credential_process` prints (AWS's contract, version 1). `Version` is a number: a string is refused. */
export function credentialProcessJson(
  set: Pick<Held, 'credentials' | 'advertisedExpiration' | 'accountId'>,
): string {
  const { accessKeyId, secretAccessKey, sessionToken } = set.credentials;
  return JSON.stringify({
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey.reveal(),
    SessionToken: sessionToken.reveal(),
    Expiration: formatTimestamp(set.advertisedExpiration),
    AccountId: set.accountId,
  });
}

/**
 * What the SDKs' container provider reads: the shape of the ECS and EKS agents. `Code` is for clients that share
 * their parser with IMDS; all others ignore it.
 */
export function containerJson(held: Held): string {
  const { accessKeyId, secretAccessKey, sessionToken } = held.credentials;
  return JSON.stringify({
    Code: 'Success',
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey.reveal(),
    Token: sessionToken.reveal(),
    Expiration: formatTimestamp(held.advertisedExpiration),
    AccountId: held.accountId,
  });
}

/**
 * The credential document of IMDS, in the order and with the spacing that IMDS has: scripts cut it up by line. Without a
 * line break at its end.
 */
export function imdsDocument(held: Held, lastUpdated: EpochMs): string {
  const { accessKeyId, secretAccessKey, sessionToken } = held.credentials;
  const members = Object.entries({
    Code: 'Success',
    LastUpdated: formatTimestamp(lastUpdated),
    Type: 'AWS-HMAC',
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey.reveal(),
    Token: sessionToken.reveal(),
    Expiration: formatTimestamp(held.advertisedExpiration),
  });
  const lines = members.map(([name, value]) => `  ${JSON.stringify(name)} : ${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}`;
}

/** Both spellings: the ECS agent and most SDKs use the lower case, the SDK for JavaScript reads the upper. */
export function refusalJson({ code, message }: { code: string; message: string } | Refusal): string {
  return JSON.stringify({ code, message, Code: code, Message: message });
}
