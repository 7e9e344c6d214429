import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../src/cli/exit-codes.ts';
import { allSettings } from '../src/config/settings.ts';

const root = new URL('..', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const readme = read('README.md');
const architecture = read('ARCHITECTURE.md');
const contributing = read('CONTRIBUTING.md');

describe('The README', () => {
  test('begins with the two commands that a newcomer runs', () => {
    const firstBlock = /```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    expect(firstBlock).toMatch(/^npm ci && npm run demo\b.*\nnpm ci && npm test\n$/);
  });

  test('lists exactly the exit codes that there are', () => {
    const table = readme.slice(readme.indexOf('## Exit codes'));
    const listed = [...table.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
    expect(listed).toEqual(Object.values(EXIT).sort((a, b) => a - b));
  });

  test('names only verbs, scripts and files that exist', () => {
    const scripts = JSON.parse(read('package.json')).scripts;
    for (const [, name = ''] of `${readme}${read('CONTRIBUTING.md')}`.matchAll(
      /`npm run (?:-s )?([\w:]+)/g,
    )) {
      expect(scripts, `npm run ${name}`).toHaveProperty([name]);
    }
    const links = [...`${readme}${architecture}`.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(
      (match) => match[1],
    );
    for (const link of links) expect(existsSync(new URL(link ?? '', root)), link).toBe(true);
    const help = execFileSync(process.execPath, ['src/cli/main.ts', '--help'], {
      cwd: root,
      encoding: 'utf8',
    });
    for (const [, verb = ''] of readme.matchAll(
      /rolekeeper (?:-- )?(serve|wait|simulate|start|demo|credential-process)\b/g,
    )) {
      expect(help).toContain(`  ${verb}`);
    }
  });
});

describe('The page of settings', () => {
  test.each(allSettings.filter((row) => row.notInFile !== true).map((row) => [row.key, row] as const))(
    'says what %s is, with its default and AWS’s variable',
    (key, row) => {
      const rows = read('docs/configuration.md')
        .split('\n')
        .filter((line) => line.startsWith('| `'));
      const [section = '', name = ''] = key.split('.');
      const line =
        rows.find((each) => each.includes(`\`${key}\``)) ??
        rows.find((each) => {
          return each.startsWith(`| \`${section}.`) && each.includes(`\`.${name}\``);
        });
      expect(line, `a row for ${key}`).toBeDefined();
      if (row.default !== '') expect(line).toContain(`\`${row.default}\``);
    },
  );
});

describe('ARCHITECTURE', () => {
  test('gives a reading path of nine real files and under 800 lines', () => {
    const path = architecture.slice(
      architecture.indexOf('## Reading order'),
      architecture.indexOf('## Floors'),
    );
    const sources = [...path.matchAll(/`([\w/-]+\.ts)`/g)].map((match) => `src/${match[1]}`);
    const files = ['README.md', 'ARCHITECTURE.md', ...sources];
    expect(files).toHaveLength(9);
    const lines = files.reduce((sum, file) => sum + read(file).split('\n').length - 1, 0);
    expect(lines).toBeLessThan(800);
  });

  test('names every folder of src', () => {
    for (const entry of readdirSync(new URL('src', root), { withFileTypes: true })) {
      expect(architecture).toContain(
        entry.isDirectory() ? `\`src/${entry.name}/\`` : `\`src/${entry.name}\``,
      );
    }
  });
});

describe('CONTRIBUTING', () => {
  test('points at tests that exist', () => {
    const table = contributing.slice(contributing.indexOf('## Which test'));
    for (const [, path = ''] of table.matchAll(/`(test\/[\w/.*-]+)`/g)) {
      const exact = path.replace(/\/?[\w-]*\*$/, '');
      expect(existsSync(new URL(exact, root)), path).toBe(true);
    }
  });
});

test('SECURITY points at tests that exist', () => {
  const table = read('SECURITY.md').split('\n## Out of scope')[0] ?? '';
  let folder = '';
  const named = [...table.matchAll(/`([\w/.-]*\.test\.ts|test\/\w+\/)`/g)].map(([, path = '']) => {
    if (path.includes('/')) folder = path.replace(/[^/]*$/, '');
    return path.includes('/') ? path : `${folder}${path}`;
  });
  expect(named.length).toBeGreaterThan(20);
  for (const path of named) expect(existsSync(new URL(path, root)), path).toBe(true);
});
