import { AgentError, askAgent } from '../client/agent-client.ts';
import { nextEvent } from '../client/events-client.ts';
import { parseRefusal } from '../client/refusal.ts';
import { pause } from '../domain/ports.ts';
import { type AgentSocketOptions, agentSocketPath } from './agent-socket-options.ts';
import type { CommandWorld } from './command-world.ts';
import { EXIT, type ExitCode, exitCodeOf, exitCodeOfRefusal } from './exit-codes.ts';

/** Between two questions while the agent cannot tell us of changes itself, as before it has started. */
const ASK_EVERY_MS = 250;
const ANSWER_WITHIN_MS = 2_000;
/** After this long without news from the agent it is asked again anyway. */
const LONGEST_POLL_MS = 20_000;

export interface WaitOptions extends AgentSocketOptions {
  /** Milliseconds. */
  readonly timeout: number;
}

interface Obstacle {
  readonly message: string;
  readonly exitCode: ExitCode;
}

/**
 * `rolekeeper wait`: returns when the agent serves usable credentials, for `ExecStartPre=` of what needs them. The
 * agent may be started meanwhile. When the time is over, the last obstacle is told and gives the exit code.
 */
export async function wait(options: WaitOptions, world: CommandWorld): Promise<ExitCode> {
  const { clock, stop, stderr } = world;
  const socketPath = await agentSocketPath(options, world);
  if (socketPath === undefined) return EXIT.usage;
  const end = clock.monotonic() + options.timeout;
  for (;;) {
    const patience = Math.max(end - clock.monotonic(), ASK_EVERY_MS);
    const obstacle = await ask(socketPath, Math.min(ANSWER_WITHIN_MS, patience), world);
    if (obstacle === undefined) return EXIT.ok;
    const left = end - clock.monotonic();
    if (stop.aborted || left <= 0) {
      stderr.write(`rolekeeper: no credentials after ${options.timeout / 1000} s: ${obstacle.message}\n`);
      return obstacle.exitCode;
    }
    await anythingNew(socketPath, left, world);
  }
}

async function ask(
  socketPath: string,
  deadlineMs: number,
  { clock }: CommandWorld,
): Promise<Obstacle | undefined> {
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

/** Resolves when the agent's state changes, as far as the agent can tell; else after the usual pause. */
async function anythingNew(socketPath: string, left: number, { clock, stop }: CommandWorld): Promise<void> {
  const poll = { socketPath, clock, signal: stop };
  try {
    const now = await nextEvent({ ...poll, after: -1, waitMs: 0 });
    // With credentials there and refused to us, or less than a second left, there is nothing to be told of.
    if (now !== undefined && now.event !== 'credentials' && left >= 1_000) {
      const waitMs = Math.min(left, LONGEST_POLL_MS);
      const next = await nextEvent({ ...poll, after: now.generation, waitMs });
      if (next !== undefined && (next.generation !== now.generation || next.event !== now.event)) return;
    }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
  }
  await pause(clock, Math.min(ASK_EVERY_MS, left), stop);
}
