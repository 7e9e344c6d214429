import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { knownClients } from '../../src/cli/env/clients.ts';
import { type Surface, surfaces } from '../../src/cli/env/known-client.ts';
import { type EnvOptions, env } from '../../src/cli/env.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { quoteForShell } from '../../src/domain/export-formats.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { rolekeeper, run } from '../support/child.ts';
import { manualClock } from '../support/manual-clock.ts';

const NO_PROXY = '169.254.169.254,169.254.170.2,127.0.0.1,localhost,[fd00:ec2::254]';
const CONTAINER_URI = 'http://127.0.0.1:9911/v1/container-credentials';
const SECRET = "EXAMPLE'token";

const directory = temporaryDirectory("rolekeeper test's ");
const tokenFile = join(directory.path, 'container-token');
const config = join(directory.path, 'config.toml');

beforeEach(() => {
  mkdirSync(directory.path, { recursive: true });
  writeFileSync(tokenFile, SECRET);
  writeFileSync(config, '');
});
afterAll(() => directory[Symbol.dispose]());

/** What the verb prints, for an agent in `directory` with the configuration `config`. */
async function printed(client: string, options: Partial<EnvOptions> = {}, variables: NodeJS.ProcessEnv = {}) {
  const stdout = new PassThrough().setEncoding('utf8');
  const stderr = new PassThrough().setEncoding('utf8');
  const given = {
    for: client,
    format: 'sh',
    profile: 'rolekeeper',
    runtimeDir: directory.path,
    config,
  } as const;
  const code = await env(
    { ...given, ...options },
    {
      env: variables,
      uid: 0,
      pid: 1,
      version: '0.0.0',
      clock: manualClock(),
      boot: { id: 'EXAMPLE', uptimeSeconds: () => 0 },
      random: () => 0.5,
      stdout,
      stderr,
      stop: new AbortController().signal,
    },
  );
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

async function environmentFor(client: string, options: Partial<EnvOptions> = {}, variables: Variables = {}) {
  const { code, stdout, stderr } = await printed(client, options, variables);
  expect({ code, stderr }).toEqual({ code: EXIT.ok, stderr: '' });
  return environmentsAfter([stdout], variables)[0] ?? {};
}

type Variables = Record<string, string>;

/** The environment that a shell has after it evaluated each of the texts, every time from the start. */
function environmentsAfter(texts: readonly string[], variables: Variables, evaluate = 'eval "$TEXT"') {
  const subshells = texts.map(
    (text) => `(TEXT=${quoteForShell(text)}; ${evaluate}; /usr/bin/env -0; printf '\\n\\0')`,
  );
  const { stdout, stderr } = spawnSync('/bin/sh', [], {
    env: variables,
    input: subshells.join('\n'),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout
    .split('\n\0')
    .slice(0, -1)
    .map((all): Variables => {
      const pairs = all.split('\0').map((line) => line.split(/=(.*)/s, 2) as [string, string]);
      return Object.fromEntries(
        pairs.filter(([name]) => !['', 'PATH', 'PWD', '_', 'SHLVL', 'OLDPWD'].includes(name)),
      );
    });
}

const everyPair = knownClients.flatMap((client) =>
  client.surfaces.map((surface) => ({ client, surface, pair: `${client.names[0]} ${surface}` })),
);

describe('every client over every surface of its own', () => {
  const stray = Object.fromEntries(
    [
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'AWS_SECURITY_TOKEN',
      'AWS_PROFILE',
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      'AWS_CONTAINER_AUTHORIZATION_TOKEN',
      'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
      'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE',
      'AWS_EC2_METADATA_DISABLED',
    ].map((name) => [name, 'stray']),
  );

  async function textOfEveryPair(format: EnvOptions['format'] = 'sh'): Promise<readonly string[]> {
    const all = await Promise.all(
      everyPair.map(({ client, surface }) => printed(client.names[0], { surface, format })),
    );
    for (const { code, stderr } of all) expect({ code, stderr }).toEqual({ code: EXIT.ok, stderr: '' });
    return all.map(({ stdout }) => stdout);
  }

  test('has no other credentials, and one of two variables where clients disagree on which one wins', async () => {
    const after = environmentsAfter(await textOfEveryPair(), stray);
    expect(after).toHaveLength(everyPair.length);
    for (const [index, { client, surface, pair }] of everyPair.entries()) {
      if (surface === 'exec') continue;
      const has = (variable: string) => after[index]?.[variable] !== undefined;
      for (const key of [
        'AWS_ACCESS_KEY_ID',
        'AWS_SECRET_ACCESS_KEY',
        'AWS_SESSION_TOKEN',
        'AWS_SECURITY_TOKEN',
      ]) {
        expect(has(key), `${pair}: ${key}`).toBe(false);
      }
      if (surface === 'process' || surface === 'file') continue;
      const isContainer = surface === 'container';
      const token = 'AWS_CONTAINER_AUTHORIZATION_TOKEN';
      expect(has('AWS_PROFILE'), pair).toBe(false);
      expect(has('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'), pair).toBe(false);
      expect(has('AWS_CONTAINER_CREDENTIALS_FULL_URI'), pair).toBe(isContainer);
      expect(has(token), pair).toBe(isContainer && client.token === 'value');
      expect(has(`${token}_FILE`), pair).toBe(isContainer && client.token !== 'value');
      if (surface === 'imds') expect(has('AWS_EC2_METADATA_DISABLED'), pair).toBe(false);
    }
  });

  test('goes past every proxy', async () => {
    for (const environment of environmentsAfter(await textOfEveryPair(), {})) {
      expect(environment).toMatchObject({ NO_PROXY, no_proxy: NO_PROXY });
    }
  });

  test('sh loses nothing but the notes when all is made one line', async () => {
    const texts = await textOfEveryPair();
    expect(environmentsAfter(texts, {}, 'eval $TEXT')).toEqual(environmentsAfter(texts, {}));
  });

  test.each([
    ['sh', /^((unset [\w ]+;|export \w+=.+;|# .+)\n)+$/],
    ['systemd', /^(# .+\n)*\[Service\]\n((UnsetEnvironment=[\w ]+|Environment="\w+=.+"|# .+)\n)+$/],
    ['docker', /^((\w+(=.*)?|# .+)\n)+$/],
  ] as const)(
    '%s has nothing but assignments and comments, and does not show the token',
    async (format, lines) => {
      for (const text of await textOfEveryPair(format)) {
        expect(text).toMatch(lines);
        expect(text).not.toContain('EXAMPLE');
      }
    },
  );
});

describe('the variables', () => {
  test('of an SDK that reads the token file', async () => {
    expect(await environmentFor('sdk-go-v2')).toEqual({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: CONTAINER_URI,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
      NO_PROXY,
      no_proxy: NO_PROXY,
    });
  });

  test.each(['sdk-java-v2', 'sdk-js-v2', 'sdk-php'])('of %s, which would go on to IMDS', async (client) => {
    expect(await environmentFor(client)).toMatchObject({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: CONTAINER_URI,
      AWS_EC2_METADATA_DISABLED: 'true',
    });
  });

  test.each([
    ['sdk-js-v3', ['process', 'file']],
    ['sdk-js-v2', ['container', 'process', 'file']],
    ['sdk-go-v2', ['file']],
    ['boto3', ['file']],
  ])('of %s turn IMDS off only where it would go on to it: %j', async (client, where) => {
    for (const surface of ['container', 'process', 'imds', 'file'] as const) {
      const { AWS_EC2_METADATA_DISABLED } = await environmentFor(client, { surface });
      expect(AWS_EC2_METADATA_DISABLED, surface).toBe(where.includes(surface) ? 'true' : undefined);
    }
  });

  test('of a client that needs the token itself: the shell reads it, from a path with blanks and quotes', async () => {
    expect(await environmentFor('restic-0.14')).toMatchObject({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: CONTAINER_URI,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: SECRET,
    });
  });

  test.each([
    ['awscli2.9', 'http://127.0.0.1:9912/'],
    ['awscli', 'http://127.0.0.1:9912/'],
    ['sdk-js-v2', 'http://127.0.0.1:9912'],
    ['sdk-java-v2', 'http://127.0.0.1:9912'],
    ['boto3', 'http://127.0.0.1:9912'],
  ])('of %s over IMDS have the slash that it needs', async (client, endpoint) => {
    expect(await environmentFor(client, { surface: 'imds' })).toMatchObject({
      AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint,
    });
  });

  test('of an old AWS CLI name the profile, and the note says how to make it', async () => {
    expect(await environmentFor('awscli2.9')).toMatchObject({ AWS_PROFILE: 'rolekeeper' });
    const { stdout } = await printed('awscli2.9', { profile: 'app' });
    expect(stdout).toContain('export AWS_PROFILE=app;');
    expect(stdout).toContain('rolekeeper config profile --name app ');
  });

  test.each([
    ['sdk-js-v2', ['process', 'file']],
    ['sdk-go-v1', ['process']],
    ['sdk-go-v2', []],
  ])('of %s tell it to load the configuration file only for %j', async (client, where) => {
    for (const surface of ['container', 'process', 'imds', 'file'] as const) {
      const { AWS_SDK_LOAD_CONFIG } = await environmentFor(client, { surface });
      expect(AWS_SDK_LOAD_CONFIG, surface).toBe(where.includes(surface) ? '1' : undefined);
    }
  });

  test('of one that throws where there is no such file come with a warning', async () => {
    expect((await printed('sdk-js-v2', { surface: 'file' })).stdout).toContain('that ~/.aws/config is there');
    expect((await printed('sdk-go-v2', { surface: 'file' })).stdout).not.toContain('~/.aws/config');
  });

  test('of a client on the shared credentials file name the one that the agent writes', async () => {
    const file = 'path = "/srv/app/credentials"\nprofile = "app"\ngroup = ""';
    writeFileSync(config, `[[files]]\nformat = "shared-credentials"\n${file}\n`);
    expect(await environmentFor('samtools')).toMatchObject({
      AWS_SHARED_CREDENTIALS_FILE: '/srv/app/credentials',
      AWS_PROFILE: 'app',
    });
  });

  test('follow the configuration, which is asked for what it lacks', async () => {
    writeFileSync(
      config,
      '[container_endpoint]\nenabled = false\nlisten = "[::1]:7000"\n[imds_endpoint]\nenabled = true\nlisten = "127.0.0.1:0"\n',
    );
    const container = (await printed('sdk-rust')).stdout;
    expect(container).toContain("'http://[::1]:7000/v1/container-credentials'");
    expect(container).toContain('still needs enabled = true in [container_endpoint]');
    expect(container).toContain('no address but 127.0.0.1');
    expect((await printed('sdk-rust', { surface: 'imds' })).stdout).toContain('needs a port of its own');
  });
});

describe('NO_PROXY', () => {
  test.each([
    [{ NO_PROXY: 'example.com, 10.0.0.0/8' }, `example.com,10.0.0.0/8,${NO_PROXY}`],
    [{ no_proxy: 'example.com' }, `example.com,${NO_PROXY}`],
    [{ NO_PROXY: 'a', no_proxy: 'b,a' }, `a,b,${NO_PROXY}`],
    [
      { NO_PROXY: 'localhost,169.254.169.254' },
      'localhost,169.254.169.254,169.254.170.2,127.0.0.1,[fd00:ec2::254]',
    ],
    [{ NO_PROXY: NO_PROXY }, NO_PROXY],
    [{ NO_PROXY: '*' }, '*'],
    [{ NO_PROXY: '' }, NO_PROXY],
  ])('of %j is kept and added to', async (variables, merged) => {
    expect(await environmentFor('boto3', {}, variables)).toMatchObject({
      NO_PROXY: merged,
      no_proxy: merged,
    });
  });
});

describe('formats', () => {
  test('systemd escapes what a unit file would read as something else', async () => {
    const { stdout } = await printed('boto3', { format: 'systemd' }, { NO_PROXY: 'a%b"c\\d' });
    expect(stdout).toContain('Environment="NO_PROXY=a%%b\\"c\\\\d,169.254.169.254,');
  });

  test('systemd and docker explain how to hand over a token that has to be a variable', async () => {
    const systemd = await printed('restic-0.14', { format: 'systemd' });
    expect(systemd.stdout).toMatch(/^# AWS_CONTAINER_AUTHORIZATION_TOKEN is a secret.*\$\$\(cat .*\)/m);
    const docker = await printed('restic-0.14', { format: 'docker' });
    expect(docker.stdout).toMatch(/^AWS_CONTAINER_AUTHORIZATION_TOKEN$/m);
  });

  test('--reveal prints the token, in every format', async () => {
    expect((await printed('restic-0.14', { reveal: true })).stdout).toContain(
      `export AWS_CONTAINER_AUTHORIZATION_TOKEN='EXAMPLE'\\''token';`,
    );
    for (const format of ['systemd', 'docker'] as const) {
      expect((await printed('restic-0.14', { reveal: true, format })).stdout).toContain(
        `AWS_CONTAINER_AUTHORIZATION_TOKEN=${SECRET}`,
      );
    }
  });

  test('--reveal without a token to read is exit code 2', async () => {
    const { code, stdout, stderr } = await printed('restic-0.14', {
      reveal: true,
      runtimeDir: '/nonexistent',
    });
    expect({ code, stdout }).toEqual({ code: EXIT.usage, stdout: '' });
    expect(stderr).toMatch(/^rolekeeper: [^\n]*ENOENT[^\n]*\n$/);
  });

  test('a line break in a value is refused: no file could hold it', async () => {
    const { code, stdout } = await printed('boto3', {}, { NO_PROXY: 'a\nLD_PRELOAD=/tmp/x' });
    expect({ code, stdout }).toEqual({ code: EXIT.usage, stdout: '' });
  });
});

describe('names', () => {
  test('each leads to one client, and each client is described with its evidence', () => {
    const names = knownClients.flatMap((client) => client.names);
    expect(new Set(names).size).toBe(names.length);
    for (const { what, why, evidence } of knownClients) {
      for (const text of [what, why, evidence]) expect(text).toMatch(/^\S.*\S$/);
    }
  });

  test.each([
    ['AWS-SDK-Go-v2', 'SDK for Go v2'],
    ['aws_sdk_java_v2', 'SDK for Java 2'],
    ['aws-cli-v1', 'AWS CLI 1.30'],
    ['awscli-2.9', 'AWS CLI 2 before'],
  ])('%s is understood', async (name, what) => {
    expect((await printed(name)).stdout).toContain(what);
  });

  test.each([
    ['boto4', 'boto3'],
    ['sdk-jv-v3', 'sdk-js-v3'],
    ['terrafrom', 'terraform'],
    ['pgbackrest2.45', 'pgbackrest'],
    ['ruby-aws-sdk-s3', 'ruby'],
  ])('%s is not, and %s is offered', async (asked, meant) => {
    const { code, stdout, stderr } = await printed(asked);
    expect({ code, stdout }).toEqual({ code: EXIT.usage, stdout: '' });
    expect(stderr).toContain(`Did you mean ${meant}? See rolekeeper env --for list`);
  });

  test('a name that is like none is sent to the list', async () => {
    const { code, stderr } = await printed('quux');
    expect(code).toBe(EXIT.usage);
    expect(stderr).toBe('rolekeeper: No client is known as "quux". See rolekeeper env --for list\n');
  });

  test('list has a line for every client, with its best surface and the reason', async () => {
    const lines = (await printed('list')).stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(knownClients.length);
    for (const [index, { names, surfaces: its, why }] of knownClients.entries()) {
      expect(lines[index]).toMatch(new RegExp(`^${names[0].replaceAll('.', '\\.')} +${its[0]} `));
      expect(lines[index]).toContain(why);
    }
  });
});

describe('is refused with exit code 2 and one line:', () => {
  const other = (client: string): Surface | undefined => {
    const known = knownClients.find(({ names }) => names[0] === client);
    return surfaces.find((surface) => !known?.surfaces.includes(surface));
  };

  test.each<[string, string, Partial<EnvOptions>]>([
    ['a surface that the client cannot use', 's3cmd', { surface: other('s3cmd') ?? 'imds' }],
    ['a profile that no SDK could name', 'awscli2.9', { profile: 'a b' }],
    ['a directory that is not absolute', 'boto3', { runtimeDir: 'run' }],
    ['a configuration that is not there', 'boto3', { config: '/nonexistent/config.toml' }],
  ])('%s', async (_, client, options) => {
    const { code, stdout, stderr } = await printed(client, options);
    expect({ code, stdout }).toEqual({ code: EXIT.usage, stdout: '' });
    expect(stderr).toMatch(/^rolekeeper: [^\n]+\n$/);
  });
});

test('the command line takes it all, and asks for --for', async () => {
  const verb = [...rolekeeper, 'env'];
  const options = ['--for', 'awscli2.9', '--surface', 'imds', '--format', 'systemd'];
  const ended = await run([...verb, ...options, '--runtime-dir', '/run/rolekeeper', '--config', '/dev/null']);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout).toContain('Environment="AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9912/"\n');
  expect(await run(verb)).toMatchObject({ code: 2, stdout: '' });
});
