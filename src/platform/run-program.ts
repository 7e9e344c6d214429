import type { Clock } from '../domain/ports.ts';

export interface ProgramRun {
  /** What it is given on stdin, whole. */
  readonly input?: string;
  readonly deadlineMs: number;
  readonly clock: Clock;
}

/** How it ended: a status, or why there is none. */
export interface ProgramEnd {
  /** Undefined: not started, or killed. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** The system's code where it could not be started (ENOENT), or the signal that ended it. */
  readonly reason?: string;
}

/** Characters. What follows is not kept. */
const LONGEST_OUTPUT = 4 * 1024 * 1024;
/** So that messages are in English and no tool looks for a terminal, a pager or a home. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** Runs a program of the system to its end and returns what it said. Nothing of our environment reaches it. Never rejects. */
export async function runProgramOfSystem(
  [program = '', ...args]: readonly string[],
  { input = '', deadlineMs, clock }: ProgramRun,
): Promise<ProgramEnd> {
  const { spawn } = await import('node:child_process');
  const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
  const child = spawn(program, args, { cwd: '/', env: ENVIRONMENT });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      if (said[name].length < LONGEST_OUTPUT) said[name] += text;
    });
  }
  // It may end without having read everything.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const cancel = clock.setTimer(deadlineMs, () => child.kill('SIGKILL'));
  child.once('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
    cancel();
    resolve({ status: undefined, ...said, reason: code });
  });
  child.once('close', (status, signal) => {
    cancel();
    resolve({ status: status ?? undefined, ...said, ...(signal !== null && { reason: signal }) });
  });
  return promise;
}
