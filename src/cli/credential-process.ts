import { readProcessFile } from '../client/process-file.ts';
import { systemBoot, systemClock } from '../platform/clock.ts';
import { writeTo } from '../platform/standard-streams.ts';
import { locateAgentSocket } from './agent-socket-path.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/**
 * The verb that AWS's SDKs run. Exactly one JSON line on stdout and nothing on stderr, or nothing on stdout and one
 * line on stderr with the cause and the next step. Never asks IMDS, never reads stdin, starts no process. Used by `main`
 * without the rest of the command line. What the agent keeps ready in a file is printed from there, as the helper does;
 * anything else, and the agent is asked.
 */
export async function runCredentialProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<ExitCode> {
  const found = await locateAgentSocket(args, env);
  if ('help' in found) return print(found.help);
  if ('error' in found) return complain(found.error, EXIT.usage);
  const kept = found.isOwn ? readProcessFile(found.directory, systemBoot) : undefined;
  if (kept !== undefined) return print(kept);
  const { agentsAnswer } = await import('./agents-answer.ts');
  const answer = await agentsAnswer(found.socketPath, systemClock);
  return 'line' in answer ? print(answer.line) : complain(answer.message, answer.exitCode);
}

async function print(text: string): Promise<ExitCode> {
  try {
    await writeTo(1, text);
    return EXIT.ok;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return complain(`Cannot write to stdout (${code}): check what should read the credentials`, EXIT.failure);
  }
}

async function complain(message: string, exitCode: ExitCode): Promise<ExitCode> {
  // Where that cannot be said either, the exit code has to do.
  await writeTo(2, `rolekeeper: ${message}\n`).catch(() => {});
  return exitCode;
}
