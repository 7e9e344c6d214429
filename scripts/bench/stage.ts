import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  existsSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findTools, type Tools } from './tools.ts';

/** What all measurements use: the packaged executable, a simulated instance, and directories in memory. */
export interface Stage extends AsyncDisposable {
  readonly about: readonly string[];
  readonly root: string;
  /** The packaged executable, as it would be installed. */
  readonly rolekeeper: string;
  /** The same program as files for `node`, for what has to look inside. */
  readonly bundle: string;
  readonly simulatorUrl: string;
  readonly tools: Tools;
  /** Rounds to measure: fewer with `--quick`. */
  rounds(usual: number): number;
  /** A new directory for an agent. */
  directory(): string;
  /** Starts an agent with every surface on, ended with the stage, if not before. */
  agent(options?: AgentOptions): Promise<RunningAgent>;
  /** Starts anything else, to be ended with the stage. */
  start(command: readonly string[], options?: StartOptions): ChildProcess;
}

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: 'ignore' | 'pipe';
}

export interface AgentOptions {
  readonly imds?: string;
  readonly flags?: readonly string[];
  /** Before the executable, as `taskset -c 0`. */
  readonly leader?: readonly string[];
  /** Instead of the executable. */
  readonly program?: readonly string[];
  /** Until it says this. */
  readonly until?: RegExp;
}

export interface RunningAgent {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly directory: string;
  readonly socketPath: string;
  readonly containerUrl: string;
  readonly imdsUrl: string;
  end(): Promise<void>;
}

/** All surfaces, on ports of their own, so that an agent of this machine is not in the way. */
export const ALL_SURFACES = [
  ...['--container-endpoint-listen', '127.0.0.1:0', '--imds-endpoint-enabled', 'true'],
  ...['--imds-endpoint-listen', '127.0.0.1:0', '--line-socket-enabled', 'true'],
];

export async function openStage(root: string, isQuick: boolean): Promise<Stage> {
  const inMemory = isWritable('/dev/shm');
  const work = mkdtempDisposableSync(join(inMemory ? '/dev/shm' : tmpdir(), 'rolekeeper-bench-'));
  const onDisk = mkdtempDisposableSync(join(tmpdir(), 'rolekeeper-bench-'));
  const built = await builtExecutable(root);
  const rolekeeper = join(onDisk.path, 'rolekeeper');
  // As a package manager would write it: how a file was written decides how much of it the kernel maps at a time.
  execFileSync('cp', [built, rolekeeper]);
  const children = new Set<ChildProcess>();
  const simulator = start([rolekeeper, 'simulate', '--listen', '127.0.0.1:0', '--quiet']);
  const [, simulatorUrl = ''] = await says(simulator, 'stdout', /listening on (http:\/\/127\.0\.0\.1:\d+)/);
  let made = 0;
  const stage: Stage = {
    root,
    rolekeeper,
    bundle: join(root, 'dist/rolekeeper.cjs'),
    simulatorUrl,
    tools: await findTools(root, onDisk.path),
    rounds: (usual) => (isQuick ? Math.max(3, Math.round(usual / 5)) : usual),
    about: [
      `${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${kernel()}, Node ${process.version}; load average before: ${loadavg()[0]?.toFixed(1)}`,
      `executable: ${(statSync(rolekeeper).size / 2 ** 20).toFixed(0)} MiB; runtime directory: ${inMemory ? 'in memory' : 'on disk, which is slower'}`,
    ],
    directory: () => join(work.path, `run-${made++}`),
    start,
    async agent({ imds = simulatorUrl, flags = [], leader = [], program = [rolekeeper], until } = {}) {
      const directory = stage.directory();
      const settings = ['--runtime-dir', directory, '--imds-endpoint', imds, ...ALL_SURFACES, ...flags];
      const child = start([...leader, ...program, 'serve'], { env: variablesOf(settings) });
      const said = says(child, 'stderr', until ?? / Ready /);
      const [, containerUrl = '', imdsUrl = ''] = await says(
        child,
        'stderr',
        / container=(\S+) metadata=(\S+)/,
      );
      await said;
      const socketPath = join(directory, 'agent.sock');
      return {
        pid: child.pid ?? 0,
        child,
        directory,
        socketPath,
        containerUrl,
        imdsUrl,
        end: () => end(child),
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...children].map(end));
      work.remove();
      onDisk.remove();
    },
  };
  await warmUp(stage);
  return stage;

  function start(
    [program = '', ...args]: readonly string[],
    { env = {}, stdin = 'ignore' }: StartOptions = {},
  ): ChildProcess {
    const all = { PATH: process.env.PATH, ...env };
    const child = spawn(program, args, { stdio: [stdin, 'pipe', 'pipe'], env: all });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  }
}

/** The same settings as a unit gives them: by variables. */
function variablesOf(flags: readonly string[]): NodeJS.ProcessEnv {
  const variables: NodeJS.ProcessEnv = {};
  for (let index = 0; index < flags.length; index += 2) {
    const name = (flags[index] ?? '').replace(/^--/, '').replaceAll('-', '_').toUpperCase();
    variables[`ROLEKEEPER_${name}`] = flags[index + 1];
  }
  return variables;
}

/** A simulator that was never asked is slower than IMDS. */
async function warmUp(stage: Stage): Promise<void> {
  for (let index = 0; index < 5; index++) await (await stage.agent()).end();
}

/** The executable of `npm run build`, built again where anything of it is newer. */
async function builtExecutable(root: string): Promise<string> {
  const path = join(root, `dist/release/rolekeeper-linux-${process.arch}`);
  const sources = ['src', 'scripts/build', 'scripts/build.ts', 'package-lock.json'].map((name) =>
    join(root, name),
  );
  if (!existsSync(path) || sources.some((each) => newest(each) > statSync(path).mtimeMs)) {
    process.stdout.write('Building the executable\n');
    const args = [join(root, 'scripts/build.ts'), '--arch', process.arch];
    execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return path;
}

function newest(path: string): number {
  const stat = statSync(path);
  if (stat.isFile()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
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
  let other = '';
  child[name === 'stdout' ? 'stderr' : 'stdout']?.on('data', (more) => {
    other += more;
  });
  child.once('error', reject);
  child.once('close', () =>
    reject(
      new Error(`the process ended and never said ${wanted}: ${`${text}${other}`.slice(-2_000).trim()}`),
    ),
  );
  return promise;
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([ended, pause(5_000).then(() => child.kill('SIGKILL'))]);
  await ended;
}

/** Resident memory in KiB. */
export function residentKiB(pid: number): number {
  const [, kib] = /^Rss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  if (kib === undefined) throw new Error(`/proc/${pid}/smaps_rollup tells no resident size`);
  return Number(kib);
}

/** Nanoseconds that all threads of a process have run (proc(5), /proc/PID/task/TID/schedstat). */
export function processorTime(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'ascii').split(' ')[0]))
    .reduce((sum, each) => sum + each, 0);
}

function kernel(): string {
  return readFileSync('/proc/sys/kernel/osrelease', 'ascii').trim();
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
