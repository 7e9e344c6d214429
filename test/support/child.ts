import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
/** The fast helper, as a checkout has it. */
export const helper = `${repository}scripts/credential-process`;
/** The command line of a checkout, under the runtime that runs this. */
export const rolekeeper: readonly string[] = [process.execPath, `${repository}src/cli/main.ts`];

/** What a process did. Its output is read as it comes, so a full pipe never holds it up. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds from start to end. */
  readonly ms: number;
}

export interface ChildOptions {
  /** The whole environment: nothing is inherited. Default: empty, as with `env -i`. */
  readonly env?: Readonly<Record<string, string>>;
  /** `open`: a pipe that never gives anything and never ends. Default: a pipe that has ended. */
  readonly stdin?: 'open' | 'ended';
  readonly cwd?: string;
  readonly uid?: number;
}

export interface Child {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  stdout(): string;
  stderr(): string;
  /** Resolves with the first match in what stdout and stderr have given. Rejects when the process ends without one. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  /** To a stdin that is `open`. */
  write(text: string): void;
  endInput(): void;
}

const living = new Set<ChildProcessWithoutNullStreams>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Runs a command to its end. */
export function run(command: readonly string[], options: ChildOptions = {}): Promise<Ended> {
  return startChild(command, options).ended;
}

export function startChild(command: readonly string[], options: ChildOptions = {}): Child {
  const { env = {}, stdin = 'ended', cwd, uid } = options;
  const [program = '', ...args] = command;
  const started = performance.now();
  const child = spawn(program, args, {
    env,
    ...(cwd !== undefined && { cwd }),
    ...(uid !== undefined && { uid, gid: uid }),
  });
  living.add(child);
  child.stdin.on('error', () => {});
  if (stdin === 'ended') child.stdin.end();
  const output = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      for (const listener of [...listeners]) listener();
    });
  }
  const { promise: ended, resolve, reject } = Promise.withResolvers<Ended>();
  child.once('error', reject);
  child.once('close', (code, signal) => {
    living.delete(child);
    child.stdin.destroy();
    resolve({ code, signal, ...output, ms: performance.now() - started });
  });
  ended.catch(() => {});
  return {
    pid: child.pid ?? -1,
    ended,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    kill: (signal) => child.kill(signal),
    write: (text) => child.stdin.write(text),
    endInput: () => child.stdin.end(),
    says,
  };

  function says(pattern: RegExp): Promise<RegExpExecArray> {
    const said = Promise.withResolvers<RegExpExecArray>();
    const look = () => {
      const match = pattern.exec(output.stdout) ?? pattern.exec(output.stderr);
      if (match !== null) said.resolve(match);
    };
    listeners.add(look);
    look();
    void ended.then(
      ({ code, signal }) => {
        const all = `${output.stdout}${output.stderr}`;
        said.reject(
          new Error(`${command.join(' ')} ended (${code ?? signal}) and never said ${pattern}:\n${all}`),
        );
      },
      (error: unknown) => said.reject(error),
    );
    return said.promise.finally(() => listeners.delete(look));
  }
}
