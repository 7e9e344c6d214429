import { AgentError, askAgent } from '../../client/agent-client.ts';
import { parseRefusal } from '../../client/refusal.ts';
import type { StatusDocument } from '../../delivery/status-document.ts';
import type { Clock } from '../../domain/ports.ts';
import { EXIT, type ExitCode, exitCodeOf, exitCodeOfRefusal } from '../exit-codes.ts';
import { readStatusDocument } from './report.ts';

export type Told =
  | { readonly document: StatusDocument; readonly problem?: undefined }
  | { readonly document?: undefined; readonly problem: string; readonly exitCode: ExitCode };

const DEADLINE_MS = 2_000;

/** One question to the agent. Never rejects with anything foreseen. */
export async function askStatus(socketPath: string, clock: Clock): Promise<Told> {
  try {
    const { status, body } = await askAgent({
      socketPath,
      path: '/v1/status',
      deadlineMs: DEADLINE_MS,
      clock,
    });
    if (status !== 200) {
      const { code, message } = parseRefusal(status, body);
      return { problem: message, exitCode: exitCodeOfRefusal(code) };
    }
    const document = readStatusDocument(body);
    if (document !== undefined) return { document };
    const problem = `What listens on ${socketPath} gave no status: it is no agent of this version; see who it is (ss -xlp)`;
    return { problem, exitCode: EXIT.failure };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { problem: error.message, exitCode: exitCodeOf(error) };
  }
}
