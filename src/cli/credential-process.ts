import { AgentError, askAgent } from '../client/agent-client.ts';
import { parseRefusal } from '../client/refusal.ts';
import type { Clock } from '../domain/ports.ts';
import { systemClock } from '../platform/clock.ts';
import { locateAgentSocket } from './agent-socket-path.ts';
import { EXIT, type ExitCode, exitCodeOf, exitCodeOfRefusal } from './exit-codes.ts';

/** Below the patience of every SDK, above the agent's own hold of a cold start. */
const DEADLINE_MS = 2_000;

export interface CredentialProcessStreams {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** Reads the verb's own two options and does it. Used by `main` without the rest of the command line. */
export async function runCredentialProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  streams: CredentialProcessStreams,
): Promise<ExitCode> {
  const found = await locateAgentSocket(args, env);
  if ('socketPath' in found) return credentialProcess(found.socketPath, systemClock, streams);
  if ('help' in found) streams.stdout(found.help);
  else streams.stderr(`rolekeeper: ${found.error}\n`);
  return 'help' in found ? EXIT.ok : EXIT.usage;
}

/**
 * The verb that AWS's SDKs run. Exactly one JSON line on stdout and nothing on stderr, or nothing on stdout and one
 * line on stderr with the cause and the next step. Never asks IMDS, never reads stdin, starts no process.
 */
export async function credentialProcess(
  socketPath: string,
  clock: Clock,
  { stdout, stderr }: CredentialProcessStreams,
): Promise<ExitCode> {
  try {
    const path = '/v1/credential-process';
    const { status, body } = await askAgent({ socketPath, path, deadlineMs: DEADLINE_MS, clock });
    if (status === 200 && isOneLine(body)) {
      stdout(body);
      return EXIT.ok;
    }
    const { code, message } = parseRefusal(status, body);
    stderr(`rolekeeper: ${message}\n`);
    return exitCodeOfRefusal(code);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    stderr(`rolekeeper: ${error.message}\n`);
    return exitCodeOf(error);
  }
}

/** The body is passed on as it came: one JSON object and its line break. */
function isOneLine(body: string): boolean {
  return body.startsWith('{') && body.indexOf('\n') === body.length - 1;
}
