import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import type { Launch } from './become.ts';

/** What people, service managers and terminals send to a running program. */
const FORWARDED = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGCONT',
] as const;

/** A terminal sends these to the whole foreground group itself: forwarded, the program would get them twice. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH'];

/**
 * For a runtime without execve: runs the program as a child, hands on every signal, and resolves with its exit code,
 * or with 128 and the signal's number where a signal ended it.
 */
export function runAsChild({ file, argv, env }: Launch): Promise<number> {
  const [argv0 = file, ...args] = argv;
  const onTerminal = isatty(0);
  // Before there is a child, so that no signal falls between two handlers: it is dealt with once this turn is over.
  for (const signal of FORWARDED) {
    takeOver(signal, () => {
      if (!onTerminal || !FROM_TERMINAL.includes(signal)) child.kill(signal);
    });
  }
  const child = spawn(file, args, { argv0, env, stdio: 'inherit' });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
  return promise;
}

/** What this process did with the signal up to now is over. The new handler comes first: a moment with none is lethal. */
function takeOver(signal: NodeJS.Signals, handler: () => void): void {
  const others = process.listeners(signal);
  process.on(signal, handler);
  for (const other of others) process.off(signal, other);
}
