import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../../build/bundle.ts';
import { seal } from '../../build/seal.ts';
import { Skipped } from '../tool.ts';
import { type Check, mustBe, type Subject, said } from './check.ts';

const ROUNDS = 40;
const MS_PER_TICK = 10;

export const executableChecks: readonly Check[] = [
  {
    title: 'the executables are what SHA256SUMS says',
    run({ release }) {
      return said('sh', ['-c', 'cd "$0" && sha256sum --check --quiet SHA256SUMS', release]) || undefined;
    },
  },
  {
    title: 'the executable is the same, byte for byte, when it is built again',
    async run({ root, release, work, architecture }) {
      const output = join(work, 'sealed-again');
      seal({ root, chunks: await bundle(root), architecture, output });
      const before = readFileSync(join(release, `rolekeeper-linux-${architecture}`));
      if (!readFileSync(output).equals(before)) throw new Error('they differ');
      return undefined;
    },
  },
  {
    title: 'it runs by itself, and prints the file that the package installs',
    run(subject) {
      const { version } = JSON.parse(readFileSync(join(subject.root, 'package.json'), 'utf8'));
      mustBe(run(subject, '--version'), `${version}\n`, 'its version');
      const installed = join(subject.work, 'root/etc/rolekeeper/config.toml');
      mustBe(run(subject, 'config', 'default'), readFileSync(installed, 'utf8'), installed);
      mustBe(run(subject, 'config', 'check', '--config', installed), 'ok\n', 'the verdict on it');
      return undefined;
    },
  },
  {
    title: 'NODE_OPTIONS of a caller does not reach it',
    run(subject) {
      const env = { ...process.env, NODE_OPTIONS: '--no-such-option' };
      said(executable(subject), ['--version'], env);
      return undefined;
    },
  },
  {
    title: 'the demo holds, every step, the command among them',
    run(subject) {
      const told = run(subject, 'demo');
      const [, held, all] = /^(\d+) of (\d+) steps held/m.exec(told) ?? [];
      if (held === undefined || held !== all) throw new Error(told);
      return `${held} of ${all}`;
    },
  },
  {
    title: 'it serves what a simulated instance hands out, by the command and by the profile that it prints',
    async run(subject) {
      const children: ChildProcess[] = [];
      try {
        const [simulator, url] = await until(subject, /(http:\/\/127\.0\.0\.1:\d+)/, [
          'simulate',
          '--listen',
          '127.0.0.1:0',
        ]);
        children.push(simulator);
        const directory = ['--runtime-dir', join(subject.work, 'run')];
        const listen = ['--container-endpoint-listen', '127.0.0.1:0', '--agent-socket-group', ''];
        const [agent] = await until(subject, /( Ready )/, [
          'serve',
          ...directory,
          '--imds-endpoint',
          url,
          ...listen,
        ]);
        children.push(agent);
        const { AccessKeyId: direct } = JSON.parse(run(subject, 'credential-process', ...directory));
        // A verb that asks the agent, rather than read what it keeps ready: who asked is known by way of node:ffi.
        run(subject, 'export', '--format', 'json', ...directory);
        const callers = JSON.parse(run(subject, 'callers', '--json', ...directory)).callers;
        mustBe(String(callers[0]?.uid), String(process.geteuid?.()), 'the caller that it knows');
        const profile = run(subject, 'config', 'profile', ...directory);
        const [, line = ''] = /^credential_process = (.+)$/m.exec(profile) ?? [];
        const { AccessKeyId: byProfile } = JSON.parse(said('sh', ['-c', line]));
        mustBe(byProfile, direct, 'the key');
        return undefined;
      } finally {
        for (const child of children) child.kill('SIGTERM');
      }
    },
  },
  {
    title: 'it starts credential-process',
    run(subject) {
      const ours = [executable(subject), 'credential-process', '--runtime-dir', '/nonexistent'];
      const empty = [process.execPath, '-e', '0'];
      let [of, against] = [0, 0];
      for (let round = 0; round < ROUNDS; round++) {
        of += cpuOf(ours);
        against += cpuOf(empty);
      }
      const mean = (of / ROUNDS).toFixed(1);
      return `in ${mean} ms of CPU, ${(of / against).toFixed(2)} times an empty Node program (for information)`;
    },
  },
  {
    title: 'the executable for arm64 runs, too',
    run({ release, architecture }) {
      if (architecture === 'arm64') throw new Skipped('it is the one that the other checks ran');
      const libraries = '/usr/aarch64-linux-gnu';
      const emulator = 'qemu-aarch64-static';
      const isThere = spawnSync('sh', [
        '-c',
        `command -v ${emulator} && test -e ${libraries}/lib/libatomic.so.1`,
      ]);
      if (isThere.status !== 0) {
        throw new Skipped(
          'that takes an emulator (Debian: qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libatomic1-arm64-cross)',
        );
      }
      return said(emulator, ['-L', libraries, join(release, 'rolekeeper-linux-arm64'), '--version']).trim();
    },
  },
];

function executable({ work }: Subject): string {
  return join(work, 'root/usr/bin/rolekeeper');
}

function run(subject: Subject, ...args: readonly string[]): string {
  return said(executable(subject), args, { PATH: '/usr/bin:/bin' });
}

/** Starts it and waits for what it says. */
async function until(
  subject: Subject,
  pattern: RegExp,
  args: readonly string[],
): Promise<readonly [ChildProcess, string]> {
  const child = spawn(executable(subject), args, { stdio: ['ignore', 'pipe', 'pipe'], env: {} });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      const [, found] = pattern.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    });
  }
  child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code}:\n${text}`)));
  return [child, await promise];
}

/** Milliseconds, of both kinds, that a child took (proc(5): cutime and cstime). */
function cpuOf([program = '', ...args]: readonly string[]): number {
  const before = childTicks();
  spawnSync(program, args, { stdio: 'ignore' });
  return (childTicks() - before) * MS_PER_TICK;
}

function childTicks(): number {
  const fields = readFileSync('/proc/self/stat', 'ascii').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[13]) + Number(fields[14]);
}
