import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process that answers each line on its stdin with one on its stdout. */
export interface LineProcess extends AsyncDisposable {
  /** Resolves with the answer, or with what is known of its end where there is none. */
  ask(line: string): Promise<string>;
  /** What it has said on stderr. */
  stderr(): string;
}

const living = new Set<() => void>();
process.once('exit', () => {
  for (const end of living) end();
});

const LONGEST_ANSWER_MS = 60_000;
const LONGEST_GOODBYE_MS = 5_000;

export function lineProcess(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): LineProcess {
  // In a group of its own, so that what it started ends with it.
  const child = spawn(program, args, { env, detached: true });
  const closed = once(child, 'close').catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  const end = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  living.add(end);
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`);
      using deadline = alarm(LONGEST_ANSWER_MS);
      const answer = await Promise.race([lines.next(), deadline.rung]);
      if (answer === 'rung') return `no answer within ${LONGEST_ANSWER_MS / 1000} s`;
      return answer.done ? `it ended with ${child.exitCode ?? child.signalCode}` : answer.value;
    },
    stderr: () => stderr,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      using deadline = alarm(LONGEST_GOODBYE_MS);
      if ((await Promise.race([closed, deadline.rung])) === 'rung') end();
      await closed;
      living.delete(end);
    },
  };
}

function alarm(ms: number): Disposable & { rung: Promise<'rung'> } {
  const { promise, resolve } = Promise.withResolvers<'rung'>();
  const timer = setTimeout(() => resolve('rung'), ms);
  return { rung: promise, [Symbol.dispose]: () => clearTimeout(timer) };
}
