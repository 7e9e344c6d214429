import { AgentError, askAgent } from '../client/agent-client.ts';
import { parseRefusal } from '../client/refusal.ts';
import type { Clock } from '../domain/ports.ts';
import { type ExitCode, exitCodeOf, exitCodeOfRefusal } from './exit-codes.ts';

/** Below the patience of every SDK, above the agent's own hold of a cold start. */
const DEADLINE_MS = 2_000;

export type AgentsAnswer =
  /** For `credential_process`: one JSON object and its line break. */
  { readonly line: string } | { readonly message: string; readonly exitCode: ExitCode };

/** Asks the agent for its `credential_process` answer, or why there is none. */
export async function agentsAnswer(socketPath: string, clock: Clock): Promise<AgentsAnswer> {
  try {
    const path = '/v1/credential-process';
    const { status, body } = await askAgent({ socketPath, path, deadlineMs: DEADLINE_MS, clock });
    if (status === 200 && isOneLine(body)) return { line: body };
    const { code, message } = parseRefusal(status, body);
    return { message, exitCode: exitCodeOfRefusal(code) };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { message: error.message, exitCode: exitCodeOf(error) };
  }
}

/** The body is passed on as it came. */
function isOneLine(body: string): boolean {
  return body.startsWith('{') && body.indexOf('\n') === body.length - 1;
}
