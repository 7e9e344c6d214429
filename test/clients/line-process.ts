import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process that answers each line on its stdin with one on its stdout. Its stderr is shown. */
export interface LineProcess extends AsyncDisposable {
  /** Resolves with the answer, or with what is known of its end where there is none. */
  ask(line: string): Promise<string>;
}

export function lineProcess(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): LineProcess {
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.on('error', () => {});
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const { done, value } = await lines.next();
      return done ? `it ended with ${child.exitCode ?? child.signalCode}` : value;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}
