import { join } from 'node:path';
import { AgentError, askAgent } from '../client/agent-client.ts';
import type { Clock } from '../domain/ports.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** Below the patience of every SDK, above the agent's own hold of a cold start. */
const DEADLINE_MS = 2_000;

export interface CredentialProcessWorld {
  readonly runtimeDirectory: string;
  readonly clock: Clock;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/**
 * The verb that AWS's SDKs run. Exactly one JSON line on stdout and nothing on stderr, or nothing on stdout and one
 * line on stderr with the cause and the next step. Never asks IMDS, never reads stdin, starts no process.
 */
export async function credentialProcess(world: CredentialProcessWorld): Promise<ExitCode> {
  try {
    const { status, body } = await askAgent({
      socketPath: join(world.runtimeDirectory, 'agent.sock'),
      path: '/v1/credential-process',
      deadlineMs: DEADLINE_MS,
      clock: world.clock,
    });
    if (status === 200 && isOneLine(body)) {
      world.stdout(body);
      return EXIT.ok;
    }
    return refused(world, status, body);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    world.stderr(`rolekeeper: ${error.message}\n`);
    return { 'not-running': EXIT.notRunning, 'not-permitted': EXIT.notPermitted, 'no-answer': EXIT.timeout }[
      error.problem
    ];
  }
}

function refused(world: CredentialProcessWorld, status: number, body: string): ExitCode {
  const { code, message } = parseRefusal(body);
  world.stderr(`rolekeeper: ${message ?? `the agent answered ${status} with an unknown body`}\n`);
  if (code === 'no-role' || code === 'role-detached') return EXIT.noRole;
  return status === 503 ? EXIT.notAvailable : EXIT.failure;
}

function parseRefusal(body: string): { code?: string; message?: string } {
  try {
    const { code, message } = JSON.parse(body);
    return { code: String(code), message: String(message).replaceAll(/\s+/g, ' ') };
  } catch {
    return {};
  }
}

/** The body is passed on as it came: one JSON object and its line break. */
function isOneLine(body: string): boolean {
  return body.startsWith('{') && body.indexOf('\n') === body.length - 1;
}
