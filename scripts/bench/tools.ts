/** The references and the programs that measure: installed or compiled where that can be, else left out with a reason. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A command to run, or why there is none. */
export type Tool = { readonly command: readonly string[] } | { readonly missing: string };

export interface Tools {
  /** Runs commands by turns: `references/spawn.c`. */
  readonly spawn: Tool;
  /** Asks a server: `references/load.c`. */
  readonly load: Tool;
  readonly catInC: Tool;
  readonly catInGo: Tool;
  readonly goServer: Tool;
  readonly curl: Tool;
  readonly awsCli: Tool;
  /** A Python with boto3. */
  readonly boto3: Tool;
  /** On the first and the second processor, where there are two to tell apart. */
  readonly pinned: (processor: 0 | 1) => readonly string[];
  /** From how many users a load can come; 0: from one's own alone. */
  readonly users: number;
}

const INSTALL_SECONDS = 120;
const COMPILE_SECONDS = 180;

export async function findTools(root: string, work: string): Promise<Tools> {
  const references = join(root, 'scripts/bench/references');
  const isRoot = process.geteuid?.() === 0;
  const c = onPath('gcc') ?? installed('gcc', ['gcc', 'libc6-dev'], isRoot);
  const go = onPath('go') ?? { missing: 'there is no Go on the PATH' };
  return {
    spawn: inC('spawn', ['-O2']),
    load: inC('load', ['-O2']),
    catInC: inC('cat', ['-O2', '-static']),
    catInGo: inGo('cat'),
    goServer: inGo('server'),
    curl: onPath('curl') ?? installed('curl', ['curl'], isRoot),
    awsCli: awsCli() ?? installed('aws', ['awscli'], isRoot),
    boto3: boto3(root),
    pinned: (processor) => (canPin() ? ['taskset', '-c', String(processor)] : []),
    users: isRoot ? 64 : 0,
  };

  function inC(name: string, flags: readonly string[]): Tool {
    return compiled(c, name, (output) => [...flags, '-o', output, join(references, `${name}.c`)]);
  }

  function inGo(name: string): Tool {
    return compiled(go, `go-${name}`, (output) => ['build', '-o', output, join(references, `${name}.go`)]);
  }

  function compiled(compiler: Tool, name: string, argsFor: (output: string) => readonly string[]): Tool {
    if ('missing' in compiler) return compiler;
    const output = join(work, name);
    const [program = ''] = compiler.command;
    const env = { ...process.env, GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' };
    const { status, stderr, error } = spawnSync(program, argsFor(output), {
      env,
      cwd: work,
      encoding: 'utf8',
      timeout: COMPILE_SECONDS * 1000,
    });
    return status === 0
      ? { command: [output] }
      : {
          missing: `${program} could not compile ${name}: ${error?.message ?? stderr.trim().split('\n')[0]}`,
        };
  }
}

function onPath(name: string): Tool | undefined {
  const { status, stdout } = spawnSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  return status === 0 ? { command: [stdout.trim()] } : undefined;
}

/** The first that knows how to export: it came with version 2, and a machine may have several. */
function awsCli(): Tool | undefined {
  const env = { PATH: process.env.PATH, AWS_ACCESS_KEY_ID: 'EXAMPLE', AWS_SECRET_ACCESS_KEY: 'EXAMPLE' };
  const { stdout } = spawnSync('/bin/sh', ['-c', 'which -a aws'], { encoding: 'utf8' });
  const path = stdout
    .split('\n')
    .find(
      (each) => each !== '' && spawnSync(each, ['configure', 'export-credentials'], { env }).status === 0,
    );
  return path === undefined ? undefined : { command: [path] };
}

function installed(name: string, packages: readonly string[], isRoot: boolean): Tool {
  if (!isRoot || onPath('apt-get') === undefined) {
    return { missing: `there is no ${name}, and installing it takes root and Debian's apt-get` };
  }
  process.stdout.write(`Installing ${packages.join(' ')}\n`);
  const options = ['-o', 'DPkg::Lock::Timeout=100', '--yes', '--no-install-recommends', 'install'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', [...options, ...packages], { env, stdio: 'ignore', timeout: INSTALL_SECONDS * 1000 });
  return onPath(name) ?? { missing: `apt-get did not install ${packages.join(' ')}` };
}

/** With what the tests of real clients install, in their cache. */
function boto3(root: string): Tool {
  const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const cache = join(caches, 'rolekeeper-clients/boto3-newest');
  const prepare = join(root, 'test/clients/probes/boto3-newest/prepare.sh');
  const { status, stdout } = spawnSync(prepare, [cache], {
    encoding: 'utf8',
    timeout: INSTALL_SECONDS * 1000,
  });
  if (status !== 0 || !existsSync(join(cache, 'packages'))) {
    return { missing: stdout.trim().split('\n').at(-1) || `${prepare} ended with ${status}` };
  }
  return { command: ['env', `PYTHONPATH=${join(cache, 'packages')}`, join(cache, 'python')] };
}

function canPin(): boolean {
  const [, allowed = ''] =
    /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'ascii')) ?? [];
  return /^0-[1-9]|^0,1/.test(allowed) && onPath('taskset') !== undefined;
}
