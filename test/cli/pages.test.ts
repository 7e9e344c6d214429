/** The pages of `docs/`: every block is run, and every table says what the code says. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromProcess } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { knownClients } from '../../src/cli/env/clients.ts';
import { formatConfigError } from '../../src/config/config-error.ts';
import { loadSettings } from '../../src/config/load.ts';
import {
  type AgentProcess,
  agentProcess,
  type SimulatorProcess,
  simulatorProcess,
  temporaryDirectory,
} from '../support/agent-process.ts';
import { helper, repository, rolekeeper, run } from '../support/child.ts';
import { blocks, type FencedBlock, pages, readPage } from '../support/fenced-blocks.ts';
import { pythonWith } from '../support/machine.ts';

const directory = temporaryDirectory();
const runtime = join(directory.path, 'run');
const bin = join(directory.path, 'bin');
let simulator: SimulatorProcess;
let agent: AgentProcess;
let ports: { readonly container: string; readonly imds: string };

beforeAll(async () => {
  for (const each of [runtime, bin, join(directory.path, 'home')]) mkdirSync(each);
  const command = rolekeeper.map((word) => `'${word}'`).join(' ');
  writeFileSync(join(bin, 'rolekeeper'), `#!/bin/sh\nexec ${command} "$@"\n`);
  chmodSync(join(bin, 'rolekeeper'), 0o755);
  simulator = await simulatorProcess();
  const config = join(directory.path, 'config.toml');
  writeFileSync(config, configuration());
  agent = await agentProcess({
    endpoint: simulator.url,
    runtimeDirectory: runtime,
    flags: ['--config', config],
  });
  const [, container = '', imds = ''] = await agent.child.says(
    /container=http:\/\/127\.0\.0\.1:(\d+)\S* metadata=http:\/\/127\.0\.0\.1:(\d+)/,
  );
  ports = { container, imds };
  await agent.becomes((status) => {
    const { files = [], account_id: account } = status as {
      files?: readonly { key_id?: string }[];
      account_id?: string;
    };
    return account !== undefined && files.length === 3 && files.every((file) => file.key_id !== undefined);
  });
});

afterAll(async () => {
  await agent.stop();
  await simulator[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

/** Every surface, with the files that `files.md` configures. */
function configuration(): string {
  const files = blocks.filter(({ page, language }) => page === 'files.md' && language === 'toml');
  return `[line_socket]
enabled = true

[imds_endpoint]
enabled = true
listen = "127.0.0.1:0"

${files.map(({ text }) => here(text)).join('\n')}`;
}

/** With this test's places in place of an instance's. The page says which. */
function here(text: string): string {
  return text
    .replaceAll('/run/rolekeeper', runtime)
    .replaceAll('/usr/libexec/rolekeeper/credential-process', helper)
    .replaceAll('127.0.0.1:9911', `127.0.0.1:${ports?.container}`)
    .replaceAll('127.0.0.1:9912', `127.0.0.1:${ports?.imds}`)
    .replaceAll('"systemctl"', '"/bin/true"');
}

const python = pythonWith('boto3');

/** As a reader would paste it. Where nothing leads an SDK to the agent, it finds nobody: never the real IMDS. */
function paste(shell: string, { text }: FencedBlock) {
  const env = {
    PATH: [bin, ...(python === undefined ? [] : [dirname(python)]), process.env.PATH].join(':'),
    HOME: join(directory.path, 'home'),
    ROLEKEEPER_RUNTIME_DIR: runtime,
    ROLEKEEPER_CONTAINER_ENDPOINT_LISTEN: `127.0.0.1:${ports.container}`,
    ROLEKEEPER_IMDS_ENDPOINT_ENABLED: 'true',
    ROLEKEEPER_IMDS_ENDPOINT_LISTEN: `127.0.0.1:${ports.imds}`,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1',
  };
  const arguments_ = shell === 'sh' ? ['/bin/sh', '-e', '-c'] : [shell, '-c'];
  return run([...arguments_, here(text)], { env });
}

function isMissing(program: string): boolean {
  if (program === 'boto3') return python === undefined;
  return spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0;
}

describe('a block to paste', () => {
  for (const block of blocks.filter(({ language, notRun }) => /^(sh|fish)$/.test(language) && !notRun)) {
    const { place, language, needs = language } = block;
    const isSkipped = isMissing(needs);
    const why = isSkipped ? ` (skipped: no ${needs} here)` : '';
    test.skipIf(isSkipped)(`${place} does what it says${why}`, async () => {
      const { code, stderr, stdout } = await paste(language, block);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      const { accessKeyId } = await simulator.currentSet();
      const { prints = '' } = block;
      expect(stdout).toContain(prints === 'key' ? accessKeyId : here(prints));
      if (prints === '') expect(stdout).not.toContain(accessKeyId);
    });
  }

  for (const { place, text, needs } of blocks.filter(({ language }) => language === 'ini')) {
    const isSkipped = needs !== undefined && isMissing(needs);
    test.skipIf(isSkipped)(
      `${place} leads an SDK to the set${isSkipped ? ` (skipped: no ${needs} here)` : ''}`,
      async () => {
        const config = join(directory.path, 'aws-config');
        const line = here(text).replace(helper, `env ROLEKEEPER_RUNTIME_DIR=${runtime} ${helper}`);
        writeFileSync(config, line);
        const provider = fromProcess({
          profile: 'rolekeeper',
          configFilepath: config,
          filepath: '/dev/null',
        });
        expect((await provider()).accessKeyId).toBe((await simulator.currentSet()).accessKeyId);
      },
    );
  }

  test.each(blocks.filter(({ language }) => language === 'toml'))(
    '$place is a configuration',
    async ({ text }) => {
      const file = join(directory.path, 'block.toml');
      writeFileSync(file, text);
      const result = await loadSettings({ configPath: file, env: {}, flags: {} });
      expect(result.ok ? [] : result.errors.map(formatConfigError)).toEqual([]);
    },
  );

  test.each(blocks.filter(({ language }) => language === 'json'))(
    '$place has the members of the real answer',
    async ({ text, path = '' }) => {
      const { body } = await agent.ask(path);
      expect(Object.keys(JSON.parse(text))).toEqual(Object.keys(JSON.parse(body)));
    },
  );

  test('is of a language that is run, or says why it is not; and these are all that are not', () => {
    const runnable = ['sh', 'fish', 'ini', 'toml', 'json'];
    const left = blocks.filter(
      ({ language, notRun }) => notRun !== undefined || !runnable.includes(language),
    );
    expect(left.map(({ page, notRun }) => `${page}: ${notRun}`)).toEqual([
      'agent-socket.md: needs the docker daemon',
      'agent-socket.md: a stream has no end',
      'containers.md: needs the docker daemon',
      'containers.md: needs a Kubernetes node',
      'doctor.md: looks at the machine that runs the tests',
      'exec-export-env.md: needs PowerShell',
      'fleet.md: npm run test:fleet does it',
      'fleet.md: npm run test:fleet does it',
      'install.md: needs a release',
      'install.md: needs a release and root; npm run test:package does it',
      'install.md: needs an installation and root',
      'install.md: needs root; npm run test:package installs under both kinds of preset',
      'install.md: needs an installation and root; npm run test:package does it',
      'monitoring.md: npm run test:monitoring gives it to promtool',
      'network.md: needs root, nft and a systemd; npm run test:network runs them',
      'status.md: test/cli/status/render.test.ts compares it',
      'status.md: it ends with Ctrl-C',
    ]);
    expect(blocks.length).toBeGreaterThan(30);
  });
});

describe('The table of programs', () => {
  const rows = tableRows(readPage('README.md'), '| program |');

  test('has a row for every client that rolekeeper env knows, with its best surface', () => {
    const listed = rows.map(([, surface, name]) => [name?.replaceAll('`', ''), surface]);
    expect(listed.toSorted()).toEqual(
      knownClients.map(({ names, surfaces }) => [names[0], surfaces[0]]).toSorted(),
    );
  });
});

test('The README counts the programs right', () => {
  const readme = readFileSync(`${repository}README.md`, 'utf8');
  expect(/each\s+of (\d+) programs/.exec(readme)?.[1]).toBe(String(knownClients.length));
});

describe('The codes of refusals', () => {
  test('are all explained, each with its status', () => {
    const explained = tableRows(readPage('README.md'), '| code |').map(([code, status]) => [code, status]);
    expect(explained.toSorted()).toEqual(
      codesInSource()
        .map(([code, status]) => [`\`${code}\``, status])
        .toSorted(),
    );
  });
});

test('What the IMDS-compatible endpoint passes on is listed, and nothing else', () => {
  const source = readFileSync(`${repository}src/imds/metadata-proxy.ts`, 'utf8');
  const items = [...source.matchAll(/^ {2}\['([\w/-]+)', /gm)].map(([, item]) => `\`${item}\``);
  const rows = tableRows(readPage('imds-endpoint.md'), '| path under');
  const passedOn = rows.filter(([, answer]) => answer === 'passed on').map(([path]) => path);
  expect(passedOn.toSorted()).toEqual(items.toSorted());
  expect(items.length).toBeGreaterThan(5);
});

describe('Links', () => {
  test.each(pages)('of %s lead somewhere', (page) => {
    for (const [, target = ''] of readPage(page).matchAll(/\]\(([^)]+)\)/g)) {
      const [file = '', anchor] = target.split('#');
      const url = new URL(`docs/${file === '' ? page : file}`, `file://${repository}`);
      expect(existsSync(url), target).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(readFileSync(url, 'utf8')), target).toContain(anchor);
    }
  });

  test('of the first page and of the README lead to every page', () => {
    for (const page of pages) {
      if (page !== 'README.md') expect(readPage('README.md')).toContain(`](${page})`);
    }
    expect(readFileSync(`${repository}README.md`, 'utf8')).toContain('](docs/README.md)');
  });
});

/** The cells of every table that begins so, without their blanks. */
function tableRows(source: string, head: string): string[][] {
  const tables = source.split('\n\n').filter((part) => part.startsWith(head));
  return tables.flatMap((table) =>
    table
      .trim()
      .split('\n')
      .slice(2)
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
  );
}

/** Every code with its status, as the sources of the surfaces have them. */
function codesInSource(): (readonly [string, string])[] {
  const files = readdirSync(`${repository}src/delivery`, { recursive: true, encoding: 'utf8' });
  const source = files
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(`${repository}src/delivery/${name}`, 'utf8'))
    .join('\n');
  const patterns = [
    /refuse\((?<status>\d{3}), '(?<code>[\w-]+)'/g,
    /status: (?<status>\d{3}),\s+code: '(?<code>[\w-]+)'/g,
    /^ {2}'(?<code>[\w-]+)': (?<status>\d{3}),$/gm,
    /(?<status>)refusal\('(?<code>[\w-]+)'/g,
    /(?<status>)\['(?<code>stopping)'/g,
    /(?<status>)'(?<code>too-many-consumers)'/g,
  ];
  const found = patterns.flatMap((pattern) =>
    [...source.matchAll(pattern)].map(({ groups }) => {
      const { code = '', status = '' } = groups ?? {};
      const usual = /^(stopping|too-many-consumers)$/.test(code) ? '503' : '400';
      return [code, status === '' ? usual : status] as const;
    }),
  );
  return [...new Map(found.map((pair) => [pair.join(), pair])).values()];
}

/** As GitHub makes them of headings. */
function anchorsOf(source: string): readonly string[] {
  return [...source.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}
