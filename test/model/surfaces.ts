/** What consumers read, made into sets again. */
import { parseTimestamp } from '../../src/domain/timestamps.ts';
import { BEGINNING } from './machine.ts';
import { type ModelSet, setOfKey } from './sets.ts';

/** A set as a surface shows it. */
export interface Shown {
  readonly set: ModelSet;
  readonly advertised: number;
}

export type Shape = 'container' | 'process' | 'imds' | 'stored';

const FIELDS: Record<Shape, string> = {
  container: 'Code,AccessKeyId,SecretAccessKey,Token,Expiration,AccountId',
  process: 'Version,AccessKeyId,SecretAccessKey,SessionToken,Expiration,AccountId',
  imds: 'Code,LastUpdated,Type,AccessKeyId,SecretAccessKey,Token,Expiration',
  stored: 'AccessKeyId,SecretAccessKey,SessionToken,Expiration',
};

/** What was read before: most texts of a search are met many times. */
const read = new Map<string, Shown | string>();
const readStates = new Map<string, Stored | string>();
const MOST_REMEMBERED = 20_000;

/** The set in the text if it is exactly one whole set; else what is wrong with it. */
export function wholeSet(shape: Shape, text: string): Shown | string {
  const key = `${shape}${text}`;
  let shown = read.get(key);
  if (shown === undefined) {
    shown = readSet(shape, text);
    if (read.size >= MOST_REMEMBERED) read.clear();
    read.set(key, shown);
  }
  return shown;
}

function readSet(shape: Shape, text: string): Shown | string {
  const document = parseObject(text);
  if (document === undefined) return 'it is no JSON object';
  const fields = Object.keys(document).join();
  if (fields !== FIELDS[shape]) return `its fields are ${fields}`;
  const set = setOfKey(String(document.AccessKeyId));
  if (set === undefined) return `IMDS never handed out the key ${document.AccessKeyId}`;
  if (document.SecretAccessKey !== set.secretAccessKey) return `the secret is not that of ${set.name}`;
  if ((document.SessionToken ?? document.Token) !== set.sessionToken)
    return `the token is not that of ${set.name}`;
  const advertised = parseTimestamp(String(document.Expiration));
  if (advertised === undefined) return `its Expiration is ${document.Expiration}`;
  return { set, advertised: advertised - BEGINNING };
}

/** What is in the state file. */
export interface Stored {
  readonly generation: number;
  readonly shown: Shown | undefined;
  readonly heldGeneration: number;
  /** Milliseconds since boot. */
  readonly serveUntil: number;
}

export function storedState(text: string): Stored | string {
  let stored = readStates.get(text);
  if (stored === undefined) {
    stored = readState(text);
    if (readStates.size >= MOST_REMEMBERED) readStates.clear();
    readStates.set(text, stored);
  }
  return stored;
}

function readState(text: string): Stored | string {
  const state = parseObject(text);
  if (typeof state?.generation !== 'number') return 'the stored state is odd';
  const serveUntil = Math.round(Number((state.serveUntil as Record<string, unknown>).seconds) * 1000);
  const held = state.held as Record<string, unknown> | undefined;
  if (held === undefined)
    return { generation: state.generation, shown: undefined, heldGeneration: 0, serveUntil };
  const { accessKeyId, secretAccessKey, sessionToken, advertisedExpiration, roleName } = held;
  const shown = wholeSet(
    'stored',
    JSON.stringify({
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: advertisedExpiration,
    }),
  );
  if (typeof shown === 'string') return shown;
  if (roleName !== shown.set.role) return `it is stored as a set of the role ${roleName}`;
  return { generation: state.generation, shown, heldGeneration: Number(held.generation), serveUntil };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
