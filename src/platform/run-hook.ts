import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../domain/ports.ts';

/** A command that is to be run after a file has changed. */
export interface Hook {
  /** Program and arguments; no shell reads them. */
  readonly command: readonly string[];
  /** The file that changed: the command finds it in ROLEKEEPER_FILE. */
  readonly file: string;
  readonly timeoutMs: number;
}

export interface HookResult {
  readonly end:
    | { readonly kind: 'exited'; readonly status: number }
    /** By a signal that was not ours. */
    | { readonly kind: 'killed'; readonly signal: string }
    | { readonly kind: 'timed-out' }
    /** The caller did not want it any more. */
    | { readonly kind: 'stopped' }
    | { readonly kind: 'not-started'; readonly reason: string };
  /** Of stdout and stderr together. What they say is passed on to nobody: it might be a secret. */
  readonly outputBytes: number;
}

/** Runs it to its end, or until the signal, or for as long as it may take. Never rejects. */
export type RunHook = (hook: Hook, signal: AbortSignal) => Promise<HookResult>;

/** Between SIGTERM and SIGKILL. */
const KILL_GRACE_MS = 5_000;
/** After its end, for output that is still in the pipes. What it left running may hold them open for ever. */
const DRAIN_MS = 1_000;

/** What a command may need of the agent's environment. Nothing else is passed on: there may be secrets in it. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LC_ALL',
  'TZ',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
];
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The command gets a process group of its own, so that what it starts ends with it when it takes too long. */
export function createRunHook(clock: Clock, env: Readonly<Record<string, string | undefined>>): RunHook {
  return async (hook, signal) => {
    if (signal.aborted) return { end: { kind: 'stopped' }, outputBytes: 0 };
    // Loaded when it is first needed: most agents have no hooks.
    const { spawn } = await import('node:child_process');
    const [program = '', ...args] = hook.command;
    try {
      const child = spawn(program, args, {
        cwd: '/',
        env: hookEnvironment(env, hook.file),
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      return await watched(child, hook.timeoutMs, clock, signal);
    } catch (error) {
      return notStarted(error);
    }
  };
}

function watched(
  child: ChildProcess,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<HookResult> {
  const { promise, resolve } = Promise.withResolvers<HookResult>();
  const timers = new Set<() => void>();
  let outputBytes = 0;
  let ended: HookResult['end'] | undefined;
  let cutShort: 'timed-out' | 'stopped' | undefined;
  const stop = () => cutShortBy('stopped');

  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length;
    });
    stream?.on('error', () => {});
  }
  child.once('error', (error) => {
    if (child.pid === undefined) finish(notStarted(error));
  });
  child.once('exit', (code, killedBy) => {
    ended = code === null ? { kind: 'killed', signal: String(killedBy) } : { kind: 'exited', status: code };
    cancelTimers();
    if (cutShort !== undefined) signalGroup('SIGKILL');
    timers.add(clock.setTimer(DRAIN_MS, finish));
  });
  child.once('close', () => finish());
  signal.addEventListener('abort', stop, { once: true });
  timers.add(clock.setTimer(timeoutMs, () => cutShortBy('timed-out')));
  if (signal.aborted) stop();
  return promise;

  function cutShortBy(cause: 'timed-out' | 'stopped'): void {
    if (cutShort !== undefined || ended !== undefined) return;
    cutShort = cause;
    signalGroup('SIGTERM');
    timers.add(clock.setTimer(KILL_GRACE_MS, () => signalGroup('SIGKILL')));
  }

  function signalGroup(name: 'SIGTERM' | 'SIGKILL'): void {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // Nobody is left in the group.
    }
  }

  function finish(result?: HookResult): void {
    cancelTimers();
    signal.removeEventListener('abort', stop);
    child.stdout?.destroy();
    child.stderr?.destroy();
    const end = cutShort === undefined ? ended : { kind: cutShort };
    resolve(result ?? { end: end ?? { kind: 'stopped' }, outputBytes });
  }

  function cancelTimers(): void {
    for (const cancel of timers) cancel();
    timers.clear();
  }
}

function hookEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  file: string,
): Record<string, string> {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { PATH: DEFAULT_PATH, ...Object.fromEntries(passedOn), ROLEKEEPER_FILE: file };
}

function notStarted(error: unknown): HookResult {
  const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
  return { end: { kind: 'not-started', reason }, outputBytes: 0 };
}
