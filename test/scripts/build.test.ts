import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { build } from '../../scripts/build.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { type Child, repository, run, startChild } from '../support/child.ts';

const work = temporaryDirectory('rolekeeper-build-');
const dist = join(work.path, 'dist');
const rolekeeper = [process.execPath, join(dist, 'rolekeeper.cjs')];

beforeAll(async () => {
  await build(repository, dist);
  return () => work[Symbol.dispose]();
});

describe('The bundle', () => {
  test('is the same, byte for byte, each time it is built', async () => {
    const again = join(work.path, 'again');
    await build(repository, again);
    expect(contents(again)).toEqual(contents(dist));
  });

  test('needs no node_modules, no sources and no ES module loader', () => {
    for (const [name, code] of Object.entries(contents(dist))) {
      expect(name).toMatch(/^[\w-]+\.cjs$/);
      const required = [...code.matchAll(/\brequire\(["'`]([^"'`]+)["'`]\)/g)].map(
        ([, specifier]) => specifier,
      );
      for (const specifier of required) expect(specifier).toMatch(/^(node:\w|\.\/[\w-]+\.cjs$|[a-z_]+$)/);
      expect(code).not.toMatch(/\bimport\(/);
    }
  });

  test('may be started by itself', () => {
    expect(statSync(join(dist, 'rolekeeper.cjs')).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(dist, 'rolekeeper.cjs'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  test('replaces what an earlier build left', async () => {
    const target = join(work.path, 'target');
    mkdirSync(target);
    writeFileSync(join(target, 'old-chunk.cjs'), '');
    await build(repository, target);
    expect(readdirSync(target)).toEqual(readdirSync(dist));
  });

  test('has every verb that the sources have', async () => {
    const fromSource = await run([process.execPath, `${repository}src/cli/main.ts`, '--help']);
    const { stdout, code } = await run([...rolekeeper, '--help']);
    expect(code).toBe(0);
    expect(stdout).toBe(fromSource.stdout);
    const verbs = [...stdout.matchAll(/^ {2}([a-z-]+) /gm)].map(([, verb = '']) => verb);
    expect(verbs).toContain('serve');
    for (const verb of verbs.filter((each) => each !== 'help')) {
      expect(await run([...rolekeeper, verb, '--help']), verb).toMatchObject({ code: 0, stderr: '' });
    }
  });

  test('names itself, and no file of a checkout, in a profile', async () => {
    const { stdout, stderr } = await run([...rolekeeper, 'config', 'profile']);
    const installed = '/usr/libexec/rolekeeper/credential-process';
    const command = existsSync(installed) ? installed : [...rolekeeper, 'credential-process'].join(' ');
    expect({ stdout, stderr }).toEqual({
      stdout: `[profile rolekeeper]\ncredential_process = ${command}\n`,
      stderr: '',
    });
  });

  test('loads under 40 kB for credential-process', async () => {
    const preload = join(work.path, 'loaded.cjs');
    writeFileSync(
      preload,
      'process.on("exit", () => process.stderr.write(Object.keys(require.cache).join("\\n")));',
    );
    const { stderr } = await run(
      [process.execPath, '-r', preload, join(dist, 'rolekeeper.cjs'), 'credential-process', '--help'],
      {},
    );
    const loaded = stderr.split('\n').filter((path) => path.startsWith(dist));
    expect(loaded).toContain(join(dist, 'credential-process.cjs'));
    expect(loaded.reduce((sum, path) => sum + statSync(path).size, 0)).toBeLessThan(40_000);
  });

  test('serves what a simulated instance hands out, and stops cleanly', async () => {
    const simulator = start('simulate', '--listen', '127.0.0.1:0');
    const [, url = ''] = await simulator.says(/listening on (http:\/\/127\.0\.0\.1:\d+)/);
    const runtime = ['--runtime-dir', join(work.path, 'run')];
    const agent = start(
      ...[
        'serve',
        ...runtime,
        '--config',
        '/dev/null',
        '--imds-endpoint',
        url,
        '--container-endpoint-listen',
        '127.0.0.1:0',
      ],
      ...['--container-endpoint-listen', '127.0.0.1:0'],
    );
    await agent.says(/ Ready /);
    const { stdout, stderr, code } = await run([...rolekeeper, 'credential-process', ...runtime]);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(JSON.parse(stdout).AccessKeyId).toMatch(/^ASIA\w*EXAMPLE/);
    agent.kill('SIGTERM');
    expect(await agent.ended).toMatchObject({ code: 0 });
    expect((await run([...rolekeeper, 'credential-process', ...runtime])).code).toBe(3);
  });
});

function start(...args: readonly string[]): Child {
  const child = startChild([...rolekeeper, ...args]);
  onTestFinished(() => child.kill('SIGKILL'));
  return child;
}

function contents(directory: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
}
