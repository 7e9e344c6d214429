import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import type { Held } from '../domain/life-state.ts';
import { Secret } from '../domain/secret.ts';
import { formatTimestamp, parseTimestamp } from '../domain/timestamps.ts';
import { replaceFile } from '../platform/atomic-file.ts';

/** The format's number. A file with another one is ignored: a restart then starts cold, which is always right. */
const VERSION = 1;
const LARGEST_FILE_BYTES = 64 * 1024;

export type WarmState =
  | { readonly held: Held | undefined; readonly generation: number; readonly problem?: undefined }
  | { readonly held?: undefined; readonly generation?: undefined; readonly problem: string };

/**
 * Keeps what is served for the agent's next run, in the runtime directory (a tmpfs: it does not survive the machine).
 * 0600, replaced whole. `held` undefined keeps the generation alone.
 */
export function writeWarmState(path: string, generation: number, held: Held | undefined): void {
  replaceFile(path, `${JSON.stringify({ version: VERSION, generation, held: held && toJson(held) })}\n`, {
    mode: 0o600,
  });
}

/**
 * Reads it back, trusting nothing: a symlink, another owner, a wider mode, another version or any odd field, and the
 * whole file is ignored with the reason in `problem`. A missing file is no problem: there was no earlier run.
 */
export function readWarmState(path: string, uid: number): WarmState {
  let text: string;
  try {
    text = readOwnFile(path, uid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { held: undefined, generation: 0 };
    return { problem: (error as Error).message };
  }
  return fromJson(text) ?? { problem: `its content is not a version ${VERSION} state` };
}

function readOwnFile(path: string, uid: number): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const problem = oddity(fstatSync(fd), uid);
    if (problem !== undefined) throw new Error(problem);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

function oddity(stats: Stats, uid: number): string | undefined {
  if (!stats.isFile()) return 'it is not a regular file';
  if (stats.uid !== uid) return `it belongs to uid ${stats.uid}, expected ${uid}`;
  if (stats.nlink !== 1) return `it has ${stats.nlink} links, expected 1`;
  const mode = stats.mode & 0o777;
  if (mode !== 0o600) return `its mode is 0${mode.toString(8)}, expected 0600`;
  if (stats.size > LARGEST_FILE_BYTES)
    return `it has ${stats.size} bytes, expected at most ${LARGEST_FILE_BYTES}`;
  return undefined;
}

function toJson({ roleName, accountId, credentials, advertisedExpiration, generation }: Held) {
  return {
    generation,
    roleName,
    accountId,
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey.reveal(),
    sessionToken: credentials.sessionToken.reveal(),
    expiration: formatTimestamp(credentials.expiration),
    advertisedExpiration: formatTimestamp(advertisedExpiration),
  };
}

function fromJson(text: string): WarmState | undefined {
  const state = parseObject(text);
  if (state?.version !== VERSION || !isGeneration(state.generation)) return undefined;
  if (state.held === undefined) return { held: undefined, generation: state.generation };
  const held = heldFrom(state.held);
  return held && { held, generation: state.generation };
}

function heldFrom(value: unknown): Held | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { generation, roleName, accountId, accessKeyId, secretAccessKey, sessionToken, ...dates } =
    value as Record<string, unknown>;
  const expiration = parseTimestamp(String(dates.expiration));
  const advertisedExpiration = parseTimestamp(String(dates.advertisedExpiration));
  if (!isGeneration(generation) || !isText(roleName) || !isText(accessKeyId)) return undefined;
  if (!isText(secretAccessKey) || !isText(sessionToken)) return undefined;
  if (accountId !== undefined && !isText(accountId)) return undefined;
  if (expiration === undefined || advertisedExpiration === undefined) return undefined;
  const secrets = { secretAccessKey: new Secret(secretAccessKey), sessionToken: new Secret(sessionToken) };
  const credentials = { accessKeyId, ...secrets, expiration };
  return { generation, roleName, accountId, credentials, advertisedExpiration };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isGeneration(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
