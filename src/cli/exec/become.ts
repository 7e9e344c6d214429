/** What is to be run: the file, its arguments from `argv[0]` on, and its whole environment. */
export interface Launch {
  readonly file: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Replaces this process by the program, with nothing of this runtime left in it. Returns only if that failed, with the
 * system's error; undefined where the runtime has no execve.
 */
export function become(launch: Launch): NodeJS.ErrnoException | undefined {
  const { execve } = process;
  if (execve === undefined) return undefined;
  // A signal that is ignored stays ignored in the program, and this runtime ignores two (a shell pipeline would then
  // report broken pipes instead of ending). One with a handler becomes the default again.
  for (const signal of ['SIGPIPE', 'SIGXFSZ'] as const) process.on(signal, () => {});
  for (const stream of [process.stdin, process.stdout, process.stderr]) makeBlocking(stream);
  // Only ever printed where execve failed: that it is experimental.
  process.removeAllListeners('warning');
  try {
    return execve.call(process, launch.file, launch.argv, launch.env);
  } catch (error) {
    const failure = error as NodeJS.ErrnoException;
    if (failure.code !== 'ENOEXEC') return failure;
  }
  return asScript(launch, execve);
}

/** A script without `#!`: execvp(3) and every shell hand it to the shell. */
function asScript(
  { file, argv, env }: Launch,
  execve: NonNullable<typeof process.execve>,
): NodeJS.ErrnoException {
  try {
    return execve.call(process, '/bin/sh', ['sh', file, ...argv.slice(1)], env);
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

/**
 * This runtime makes pipes non-blocking once a module has looked at them, and the flag belongs to the pipe, not to the
 * process: left on, the program (and whoever else has the pipe) would fail with EAGAIN on a full or an empty one.
 */
function makeBlocking(stream: object): void {
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (on: boolean) => unknown } };
  handle?.setBlocking?.(true);
}
