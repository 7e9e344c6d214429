import { type Clock, type Log, type LogFields, pause } from '../../domain/ports.ts';
import type { Hook, HookResult, RunHook } from '../../platform/run-hook.ts';

export interface HookQueue {
  /** Runs it as soon as the same command does not run any more; once, however often that is asked for until then. */
  trigger(hook: Hook): void;
  /** Resolves when nothing runs and nothing waits. */
  idle(): Promise<void>;
  /** Gives what runs or waits a short time to end, and then ends it. */
  close(): Promise<void>;
}

export interface HookQueueParts {
  readonly runHook: RunHook;
  /** The real one: a command knows nothing of a compressed clock. */
  readonly clock: Clock;
  readonly log: Log;
}

const CLOSE_GRACE_MS = 5_000;

/** The runs of one command, one after the other. */
interface Lane {
  /** By file: of two changes of one file, one run is enough. */
  readonly waiting: Map<string, Hook>;
  running: Promise<void> | undefined;
}

export function createHookQueue({ runHook, clock, log }: HookQueueParts): HookQueue {
  const lanes = new Map<string, Lane>();
  const stopping = new AbortController();

  return {
    trigger(hook) {
      const lane = laneOf(hook.command);
      lane.waiting.set(hook.file, hook);
      lane.running ??= drain(lane);
    },
    idle,
    async close() {
      const done = new AbortController();
      const ended = idle().finally(() => done.abort());
      await pause(clock, CLOSE_GRACE_MS, done.signal);
      stopping.abort();
      await ended;
    },
  };

  async function idle(): Promise<void> {
    const running = [...lanes.values()].flatMap((lane) => lane.running ?? []);
    if (running.length === 0) return;
    await Promise.all(running);
    await idle();
  }

  function laneOf(command: readonly string[]): Lane {
    const key = JSON.stringify(command);
    const lane = lanes.get(key) ?? { waiting: new Map(), running: undefined };
    lanes.set(key, lane);
    return lane;
  }

  async function drain(lane: Lane): Promise<void> {
    for (let next = first(lane.waiting); next !== undefined; next = first(lane.waiting)) {
      lane.waiting.delete(next.file);
      const started = clock.monotonic();
      report(next, await runHook(next, stopping.signal), clock.monotonic() - started);
    }
    lane.running = undefined;
  }

  function report(hook: Hook, { end, outputBytes }: HookResult, ms: number): void {
    const fields = {
      file: hook.file,
      command: hook.command[0],
      ms: Math.round(ms),
      output_bytes: outputBytes,
    };
    if (end.kind === 'exited' && end.status === 0) {
      log.info('The command for a changed file was run', fields);
      return;
    }
    log.warn(
      `The command for a changed file ${failure(hook, end)}: what reads the file may still use the credentials from before; run the command by hand to see why`,
      { ...fields, ...reason(end) },
    );
  }
}

function first<T>(map: ReadonlyMap<string, T>): T | undefined {
  return map.values().next().value;
}

function failure(hook: Hook, end: HookResult['end']): string {
  switch (end.kind) {
    case 'exited':
      return `failed with exit status ${end.status}`;
    case 'killed':
      return `was ended by ${end.signal}`;
    case 'timed-out':
      return `did not end within ${hook.timeoutMs / 1000} s and was ended`;
    case 'stopped':
      return 'was ended because the agent stops';
    case 'not-started':
      return `could not be started (${end.reason})`;
  }
}

function reason(end: HookResult['end']): LogFields {
  return { reason: end.kind, ...(end.kind === 'exited' && { exit_status: end.status }) };
}
