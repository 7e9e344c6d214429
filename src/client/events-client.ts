import { type Clock, pause } from '../domain/ports.ts';
import { AgentError, askAgent } from './agent-client.ts';

/** What `/v1/events` says of the agent's state, as far as a client needs it. */
export interface AgentEvent {
  readonly event: 'credentials' | 'withdrawn' | 'expired';
  readonly generation: number;
}

export interface NextEventOptions {
  readonly socketPath: string;
  /** The generation that is known already; -1: any is news. */
  readonly after: number;
  /** Milliseconds, whole seconds of which count. The agent cuts them at 55 s. */
  readonly waitMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/** How much later than asked for an answer may come. */
const SLACK_MS = 2_000;

/**
 * A long poll: resolves when the agent's state has changed, or unchanged after `waitMs`. Undefined where the agent
 * gave no such answer: an older one, too many waiting, or the signal was aborted. Rejects with an `AgentError` where it
 * could not be asked.
 */
export async function nextEvent(options: NextEventOptions): Promise<AgentEvent | undefined> {
  const { socketPath, after, waitMs, clock, signal } = options;
  const seconds = Math.floor(waitMs / 1000);
  try {
    const { status, body } = await askAgent({
      socketPath,
      path: `/v1/events?after=${after}&wait=${seconds}`,
      deadlineMs: seconds * 1000 + SLACK_MS,
      clock: signal === undefined ? clock : endedBy(signal, clock),
    });
    return status === 200 ? parseEvent(body) : undefined;
  } catch (error) {
    if (signal?.aborted && error instanceof AgentError) return undefined;
    throw error;
  }
}

/** A clock on which every deadline has come once the signal is aborted. */
function endedBy(signal: AbortSignal, clock: Clock): Clock {
  return {
    ...clock,
    setTimer(delayMs, action) {
      const cancelled = new AbortController();
      void pause(clock, delayMs, AbortSignal.any([signal, cancelled.signal])).then(() => {
        if (!cancelled.signal.aborted) action();
      });
      return () => cancelled.abort();
    },
  };
}

function parseEvent(body: string): AgentEvent | undefined {
  try {
    const { event, generation } = JSON.parse(body);
    const isKnown = event === 'credentials' || event === 'withdrawn' || event === 'expired';
    return isKnown && Number.isSafeInteger(generation) ? { event, generation } : undefined;
  } catch {
    return undefined;
  }
}
