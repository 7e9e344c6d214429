import { AgentError, askAgent } from '../client/agent-client.ts';
import { parseRefusal } from '../client/refusal.ts';
import { keyIdTail } from '../domain/credentials.ts';
import type { ExportedSet } from '../domain/export-formats.ts';
import type { Clock } from '../domain/ports.ts';
import { Secret } from '../domain/secret.ts';
import { formatTimestamp, parseTimestamp } from '../domain/timestamps.ts';
import { EXIT, type ExitCode, exitCodeOf, exitCodeOfRefusal } from './exit-codes.ts';

export type ServedSet =
  | { readonly ok: true; readonly set: ExportedSet }
  | { readonly ok: false; readonly exitCode: ExitCode; readonly message: string };

/** Above the agent's own hold of a cold start. */
const DEADLINE_MS = 2_000;

/** The set that the agent serves at this moment, as a value; or why there is none. Never rejects for the agent's sake. */
export async function askForSet(socketPath: string, clock: Clock): Promise<ServedSet> {
  const answer = await ask(socketPath, '/v1/credentials', clock);
  if (!answer.ok) return answer;
  const set = parseSet(answer.body);
  if (set !== undefined) return set.advertisedExpiration > clock.now() ? { ok: true, set } : justExpired(set);
  const message = `What answers on ${socketPath} gave no credentials in the agent's shape: it may be another program or another version of rolekeeper`;
  return { ok: false, exitCode: EXIT.failure, message };
}

/** Between the agent's answer and now: from its very expiration on, a set is good for nothing. */
function justExpired({ advertisedExpiration }: ExportedSet): ServedSet {
  const message = `The credentials expired at ${formatTimestamp(advertisedExpiration)}, on the way here: try again in a moment`;
  return { ok: false, exitCode: EXIT.notAvailable, message };
}

/** The set with its role's name, where the agent can tell it: it is for people, so a failure leaves it out. */
export async function withRoleName(set: ExportedSet, socketPath: string, clock: Clock): Promise<ExportedSet> {
  const answer = await ask(socketPath, '/v1/status', clock);
  const status = answer.ok ? parsed(answer.body) : {};
  // The set may have been replaced between the two questions.
  const isSameSet = status.key_id === keyIdTail(set.credentials);
  return isSameSet && typeof status.role === 'string' ? { ...set, roleName: status.role } : set;
}

async function ask(socketPath: string, path: string, clock: Clock) {
  try {
    const { status, body } = await askAgent({ socketPath, path, deadlineMs: DEADLINE_MS, clock });
    if (status === 200) return { ok: true, body } as const;
    const { code, message } = parseRefusal(status, body);
    return { ok: false, exitCode: exitCodeOfRefusal(code), message } as const;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { ok: false, exitCode: exitCodeOf(error), message: error.message } as const;
  }
}

/** Whole, or undefined. */
function parseSet(body: string): ExportedSet | undefined {
  const { AccessKeyId, SecretAccessKey, Token, Expiration, AccountId } = parsed(body);
  const expiration = isText(Expiration) ? parseTimestamp(Expiration) : undefined;
  if (!isText(AccessKeyId) || !isText(SecretAccessKey) || !isText(Token) || expiration === undefined) {
    return undefined;
  }
  return {
    credentials: {
      accessKeyId: AccessKeyId,
      secretAccessKey: new Secret(SecretAccessKey),
      sessionToken: new Secret(Token),
      expiration,
    },
    advertisedExpiration: expiration,
    accountId: isText(AccountId) ? AccountId : undefined,
    roleName: undefined,
  };
}

function parsed(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
