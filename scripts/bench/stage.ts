import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempDisposableSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../build.ts';

/** What all measurements use: a bundle of this checkout, a simulated instance, and a directory in memory. */
export interface Stage extends AsyncDisposable {
  readonly about: string;
  readonly root: string;
  /** The entry of the bundle. */
  readonly rolekeeper: string;
  /** A new directory for an agent. */
  directory(): string;
  /** A program of this text, and nothing else. */
  program(text: string): string;
  /** Starts an agent on the simulated instance. It is ended with the stage, if not before. */
  agent(directory: string): ChildProcess;
}

export async function openStage(root: string): Promise<Stage> {
  const inMemory = isWritable('/dev/shm');
  const work = mkdtempDisposableSync(join(inMemory ? '/dev/shm' : tmpdir(), 'rolekeeper-bench-'));
  const bundle = join(work.path, 'bundle');
  const rolekeeper = join(bundle, 'rolekeeper.cjs');
  const children: ChildProcess[] = [];
  await build(root, bundle);
  const simulator = start('simulate', '--listen', '127.0.0.1:0', '--quiet');
  const [, url = ''] = await says(simulator, 'stdout', /listening on (http:\/\/127\.0\.0\.1:\d+)/);
  let made = 0;
  return {
    root,
    rolekeeper,
    about: [
      `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`,
      `bundle: ${bytesOf(bundle)} bytes; runtime directory: ${inMemory ? 'in memory' : 'on disk, which is slower'}`,
    ].join('\n'),
    directory: () => join(work.path, `run-${made++}`),
    program(text) {
      const path = join(work.path, `program-${made++}.cjs`);
      writeFileSync(path, text);
      return path;
    },
    agent: (directory) =>
      // Its own ports, so that an agent of this machine is not in the way.
      start(
        ...['serve', '--runtime-dir', directory, '--imds-endpoint', url],
        ...['--container-endpoint-listen', '127.0.0.1:0'],
      ),
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map(end));
      work.remove();
    },
  };

  function start(...args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [rolekeeper, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {},
    });
    children.push(child);
    return child;
  }
}

/** The first match in what a child writes. Rejects when it ends without one. */
export function says(
  child: ChildProcess,
  name: 'stdout' | 'stderr',
  wanted: RegExp,
): Promise<RegExpExecArray> {
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
  let text = '';
  child[name]?.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    const match = wanted.exec(text);
    if (match !== null) resolve(match);
  });
  child.once('exit', () => reject(new Error(`the process ended and never said ${wanted}:\n${text}`)));
  return promise;
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function bytesOf(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}
