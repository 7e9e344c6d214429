import { type Stats, statSync } from 'node:fs';
import type { CallerRow } from '../../../access/callers-document.ts';
import { AgentError, type AgentProblem, askAgent } from '../../../client/agent-client.ts';
import type { StatusDocument } from '../../../delivery/status-document.ts';
import type { Machine } from '../machine.ts';

export type AgentSeen =
  | { readonly isUp: true; readonly status: StatusDocument; readonly callers: readonly CallerRow[] }
  | { readonly isUp: false; readonly problem: AgentProblem; readonly message: string };

/** The socket file as it lies there; undefined: it cannot be looked at, or is not there. */
export type SocketFile = Pick<Stats, 'mode' | 'uid' | 'gid'>;

const DEADLINE_MS = 2_000;

/** What the agent says of itself. Never rejects. */
export async function lookAtAgent(socketPath: string, { clock }: Machine): Promise<AgentSeen> {
  const ask = (path: string) => askAgent({ socketPath, path, deadlineMs: DEADLINE_MS, clock });
  try {
    const { status, body } = await ask('/v1/status');
    const document = status === 200 ? parsed<StatusDocument>(body) : undefined;
    if (typeof document?.phase !== 'string') {
      const message = `What listens on ${socketPath} answered with status ${status} and no status document`;
      return { isUp: false, problem: 'no-answer', message };
    }
    const { callers } = parsed<{ callers?: CallerRow[] }>((await ask('/v1/callers')).body) ?? {};
    return { isUp: true, status: document, callers: Array.isArray(callers) ? callers : [] };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { isUp: false, problem: error.problem, message: error.message };
  }
}

export function socketFileAt(path: string): SocketFile | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function parsed<T>(text: string): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}
