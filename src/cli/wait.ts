import { AgentError, askAgent } from '../client/agent-client.ts';
import { parseRefusal } from '../client/refusal.ts';
import { pause } from '../domain/ports.ts';
import { locateAgentSocket } from './agent-socket-path.ts';
import type { CommandWorld } from './command-world.ts';
import { EXIT, type ExitCode, exitCodeOf, exitCodeOfRefusal } from './exit-codes.ts';

/** Between two questions: an attached role is noticed this much later than the agent itself noticed it, at most. */
const ASK_EVERY_MS = 250;
const ANSWER_WITHIN_MS = 2_000;

export interface WaitOptions {
  readonly config?: string;
  readonly runtimeDir?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * `rolekeeper wait`: returns when the agent serves usable credentials, for `ExecStartPre=` of what needs them. The
 * agent may be started meanwhile. When the time is over, the last obstacle is told and gives the exit code.
 */
export async function wait(options: WaitOptions, world: CommandWorld): Promise<ExitCode> {
  const args = [
    ...(options.config === undefined ? [] : ['--config', options.config]),
    ...(options.runtimeDir === undefined ? [] : ['--runtime-dir', options.runtimeDir]),
  ];
  const found = await locateAgentSocket(args, world.env);
  if (!('socketPath' in found)) {
    world.stderr.write(`rolekeeper: ${'error' in found ? found.error : ''}\n`);
    return EXIT.usage;
  }
  const end = world.clock.monotonic() + options.timeout;
  for (;;) {
    const left = end - world.clock.monotonic();
    const obstacle = await ask(
      found.socketPath,
      Math.min(ANSWER_WITHIN_MS, Math.max(left, ASK_EVERY_MS)),
      world,
    );
    if (obstacle === undefined) return EXIT.ok;
    if (world.stop.aborted || end - world.clock.monotonic() <= 0) {
      world.stderr.write(
        `rolekeeper: no credentials after ${options.timeout / 1000} s: ${obstacle.message}\n`,
      );
      return obstacle.exitCode;
    }
    await pause(world.clock, ASK_EVERY_MS, world.stop);
  }
}

async function ask(socketPath: string, deadlineMs: number, { clock }: CommandWorld) {
  try {
    const { status, body } = await askAgent({ socketPath, path: '/v1/credentials', deadlineMs, clock });
    if (status === 200) return undefined;
    const { code, message } = parseRefusal(status, body);
    return { message, exitCode: exitCodeOfRefusal(code) };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { message: error.message, exitCode: exitCodeOf(error) };
  }
}
