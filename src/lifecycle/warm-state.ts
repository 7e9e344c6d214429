import type { Held } from '../domain/life-state.ts';
import type { EpochMs, Files } from '../domain/ports.ts';
import { Secret } from '../domain/secret.ts';
import { formatTimestamp, parseTimestamp } from '../domain/timestamps.ts';
import { systemFiles } from '../platform/files.ts';

/** The format's number. A file with another one is ignored: a restart then starts cold, which is always right. */
const VERSION = 2;

export type WarmState =
  | {
      readonly held: Held;
      readonly generation: number;
      readonly serveUntil: BootTime;
      readonly problem?: undefined;
    }
  /** The last run ended without a set, or there was none. */
  | { readonly held: undefined; readonly generation: number; readonly problem?: undefined }
  | { readonly held?: undefined; readonly generation?: undefined; readonly problem: string };

/** An instant that no stepped clock moves: so many seconds of that boot's uptime, suspend included. */
export interface BootTime {
  readonly seconds: number;
  readonly bootId: string;
}

/**
 * Keeps what is served for the agent's next run, in the runtime directory (a tmpfs: it does not survive the machine).
 * 0600, replaced whole. `held` undefined keeps the generation alone. `serveUntil` is when `held` may be served no more.
 */
export function writeWarmState(
  path: string,
  generation: number,
  held: Held | undefined,
  serveUntil: BootTime,
  files: Files = systemFiles,
): void {
  const state = { version: VERSION, generation, serveUntil, held: held && toJson(held) };
  files.replace(path, `${JSON.stringify(state)}\n`, { mode: 0o600 });
}

/**
 * Reads it back, trusting nothing: a symlink, another owner, a wider mode, another version or any odd field, and the
 * whole file is ignored with the reason in `problem`. A missing file is no problem: there was no earlier run.
 */
export function readWarmState(path: string, uid: number, files: Files = systemFiles): WarmState {
  let text: string | undefined;
  try {
    text = files.readPrivate(path, uid);
  } catch (error) {
    return { problem: (error as Error).message };
  }
  if (text === undefined) return { held: undefined, generation: 0 };
  return fromJson(text) ?? { problem: `its content is not a version ${VERSION} state` };
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
  const state = parsed(text);
  if (state?.version !== VERSION || !isGeneration(state.generation)) return undefined;
  const { generation } = state;
  const serveUntil = bootTimeFrom(state.serveUntil);
  if (serveUntil === undefined) return undefined;
  if (state.held === undefined) return { held: undefined, generation };
  const held = heldFrom(state.held);
  return held && { held, generation, serveUntil };
}

function bootTimeFrom(value: unknown): BootTime | undefined {
  const { seconds, bootId } = (value ?? {}) as Record<string, unknown>;
  return typeof seconds === 'number' && isText(bootId) ? { seconds, bootId } : undefined;
}

function heldFrom(value: unknown): Held | undefined {
  const { generation, roleName, accountId, accessKeyId, secretAccessKey, sessionToken, ...dates } = (value ??
    {}) as Record<string, unknown>;
  const expiration = instantFrom(dates.expiration);
  const advertisedExpiration = instantFrom(dates.advertisedExpiration);
  if (!isGeneration(generation) || !isText(roleName) || !isText(accessKeyId)) return undefined;
  if (!isText(secretAccessKey) || !isText(sessionToken)) return undefined;
  if (accountId !== undefined && !isText(accountId)) return undefined;
  if (expiration === undefined || advertisedExpiration === undefined) return undefined;
  const secrets = { secretAccessKey: new Secret(secretAccessKey), sessionToken: new Secret(sessionToken) };
  const credentials = { accessKeyId, ...secrets, expiration };
  return { generation, roleName, accountId, credentials, advertisedExpiration };
}

/** Undefined where it is no JSON. What has no members, whatever it is, has not the ones that are looked for. */
function parsed(text: string): Record<string, unknown> | null | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function instantFrom(value: unknown): EpochMs | undefined {
  return isText(value) ? parseTimestamp(value) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isGeneration(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
