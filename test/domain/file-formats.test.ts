import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromIni } from '@aws-sdk/credential-providers';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type FileFormatName, fileFormat } from '../../src/domain/file-formats.ts';
import type { Held } from '../../src/domain/life-state.ts';
import { Secret } from '../../src/domain/secret.ts';
import { roleCredentials } from '../support/credentials.ts';
import { programPath } from '../support/machine.ts';
import { python, readByPython } from './configparser.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolekeeper-formats-'));
afterAll(() => rmSync(directory, { recursive: true }));

const UNTIL = '2026-11-23T14:00:00Z';
const REMARK = '# Written by rolekeeper; replaced whenever the credentials rotate\n';

function held(serial: number, expiration = UNTIL): Held {
  const role = roleCredentials(serial, expiration);
  return { ...role, generation: serial, advertisedExpiration: role.credentials.expiration };
}

function content(name: FileFormatName, set: Held, before?: string): string {
  const edit = fileFormat(name, 'default').withSet(before, set);
  if (!edit.ok) throw new Error(edit.problem);
  return edit.content ?? '';
}

const names: FileFormatName[] = ['shared-credentials', 'credential-process', 'env'];

describe('a file of its own', () => {
  test('shared-credentials is a profile, with the token under both names', () => {
    expect(content('shared-credentials', held(1))).toBe(`[default]
${REMARK}aws_access_key_id = ASIAQ3EXAMPLEKEY0001
aws_secret_access_key = EXAMPLESecretAccessKey0001
aws_session_token = EXAMPLESessionToken0001
aws_security_token = EXAMPLESessionToken0001
aws_account_id = 111122223333
expiry_time = 2026-11-23T14:00:00Z
`);
  });

  test('credential-process is one line', () => {
    expect(content('credential-process', held(1))).toBe(
      '{"Version":1,"AccessKeyId":"ASIAQ3EXAMPLEKEY0001","SecretAccessKey":"EXAMPLESecretAccessKey0001","SessionToken":"EXAMPLESessionToken0001","Expiration":"2026-11-23T14:00:00Z","AccountId":"111122223333"}\n',
    );
  });

  test('env is variables', () => {
    expect(content('env', held(1))).toBe(`${REMARK}AWS_ACCESS_KEY_ID=ASIAQ3EXAMPLEKEY0001
AWS_SECRET_ACCESS_KEY=EXAMPLESecretAccessKey0001
AWS_SESSION_TOKEN=EXAMPLESessionToken0001
AWS_ACCOUNT_ID=111122223333
AWS_CREDENTIAL_EXPIRATION=2026-11-23T14:00:00Z
`);
  });

  test.each(names)('%s has no account id where it is not known', (name) => {
    const known = content(name, held(1));
    const line = /,"AccountId":"\d+"|\n.*account.*/i;
    expect(content(name, { ...held(1), accountId: undefined })).toBe(known.replace(line, ''));
  });

  test.each(names)('%s says the expiration that consumers are told', (name) => {
    const extended = { ...held(1), advertisedExpiration: Date.parse('2026-11-23T14:07:00.900Z') };
    expect(content(name, extended)).toContain('2026-11-23T14:07:00Z');
  });

  test.each(names)('%s says which set it holds, and until when', (name) => {
    const format = fileFormat(name, 'default');
    const expected = { accessKeyId: 'ASIAQ3EXAMPLEKEY0001', expiration: Date.parse(UNTIL) };
    expect(format.setIn(content(name, held(1)))).toEqual(expected);
  });

  test.each(names)('%s without the set is gone', (name) => {
    expect(fileFormat(name, 'default').withoutSet(content(name, held(1)))).toEqual({
      ok: true,
      content: undefined,
    });
  });

  test.each(names)('%s holds only the last set that was written', (name) => {
    expect(content(name, held(2), content(name, held(1)))).toBe(content(name, held(2)));
    expect(content(name, held(1), '')).toBe(content(name, held(1)));
  });

  test.each(['credential-process', 'env'] as const)('%s takes a file of blanks for an empty one', (name) => {
    const format = fileFormat(name, 'default');
    expect(content(name, held(1), ' \n\n')).toBe(content(name, held(1)));
    expect(format.withoutSet(' \n\n')).toEqual({ ok: true, content: undefined });
  });
});

describe('a file that is not ours is left alone', () => {
  test.each<[FileFormatName, string]>([
    ['env', 'PATH=/bin\n'],
    ['env', `${REMARK}AWS_ACCESS_KEY_ID=x\nLOG_LEVEL=debug\n`],
    ['env', 'export AWS_ACCESS_KEY_ID=x\n'],
    ['env', '{"Version":1,"AccessKeyId":"x"}'],
    ['env', 'AWS_ACCESS_KEY_ID=x\r\n'],
    ['env', `${REMARK}AWS_SESSION_TOKEN=x\n`],
    ['credential-process', 'x'],
    ['credential-process', '{"Version":2,"AccessKeyId":"x"}'],
    ['credential-process', '[]'],
    ['credential-process', 'null'],
    ['credential-process', '{"Version":1}'],
    ['credential-process', '{"Version":1,"AccessKeyId":5}'],
  ])('%s: %j', (name, before) => {
    const format = fileFormat(name, 'default');
    const problem = 'what is there was not written by rolekeeper: move it away, or change the path';
    expect(format.withSet(before, held(1))).toEqual({ ok: false, problem });
    expect(format.withoutSet(before)).toEqual({ ok: false, problem });
    expect(format.setIn(before)).toBeUndefined();
  });

  test('shared-credentials: something that has no profiles', () => {
    expect(
      fileFormat('shared-credentials', 'default').withSet('root:x:0:0::/root:/bin/sh\n', held(1)),
    ).toEqual({
      ok: false,
      problem: 'what is there is no credentials file: it does not begin with a [profile]',
    });
  });

  const USER = '[default]\naws_access_key_id = AKIAQ3EXAMPLEKEY0001\naws_secret_access_key = EXAMPLE\n';

  test('shared-credentials: the key of a user, which would be lost', () => {
    const format = fileFormat('shared-credentials', 'default');
    expect(format.withSet(USER, held(1))).toEqual({
      ok: false,
      problem:
        'its profile default holds the key of an IAM user, which would be lost: name another profile, or remove it',
    });
    expect(format.withoutSet(USER)).toEqual({ ok: true, content: USER });
  });

  test('unless it only looks like one', () => {
    const text = '[default]\naws_access_key_id = ASIAKIAEXAMPLE0001\n';
    expect(content('shared-credentials', held(1), text)).toBe(content('shared-credentials', held(1)));
  });

  test('unless it is in another profile', () => {
    const edit = fileFormat('shared-credentials', 'app').withSet(USER, held(1));
    expect(edit.ok && edit.content).toMatch(/^\[default\][^[]*AKIA[^[]*\[app\]\n# Written[^[]*ASIA/);
  });
});

describe('a profile among others', () => {
  const others = '[a]\r\nregion = x\r\n\r\n[default]\r\nregion = y\r\n[b]\r\nrole_arn = z';

  test('comes and goes, and nothing else changes', () => {
    const format = fileFormat('shared-credentials', 'default');
    const first = content('shared-credentials', held(1), others);
    expect(first).toContain('[default]\r\n# Written by');
    expect(first).toContain('\r\nregion = y\r\n[b]\r\nrole_arn = z');
    expect(format.setIn(first)?.accessKeyId).toBe('ASIAQ3EXAMPLEKEY0001');
    expect(format.withoutSet(first)).toEqual({ ok: true, content: others });
  });

  test('that holds no set says so', () => {
    expect(fileFormat('shared-credentials', 'default').setIn(others)).toBeUndefined();
    expect(fileFormat('shared-credentials', 'nobody').setIn(others)).toBeUndefined();
  });

  test('that someone wrote a set into has no known expiration', () => {
    const text = '[default]\naws_access_key_id=ASIAQ3EXAMPLEKEY0009\n';
    expect(fileFormat('shared-credentials', 'default').setIn(text)).toEqual({
      accessKeyId: 'ASIAQ3EXAMPLEKEY0009',
      expiration: undefined,
    });
  });
});

/** Much work, for a machine that may be busy. */
const PATIENT = { timeout: 60_000 };

/** Everything that a credential document may hold: printable ASCII without blanks. */
const printable = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
  minLength: 1,
  maxLength: 40,
});
const anySet = fc.tuple(printable, printable).map(([secret, token]): Held => {
  const base = held(1);
  const credentials = {
    ...base.credentials,
    secretAccessKey: new Secret(secret),
    sessionToken: new Secret(token),
  };
  return { ...base, credentials };
});

describe('whatever the set is made of, a reader gets it back', PATIENT, () => {
  test('as JSON', () => {
    fc.assert(
      fc.property(anySet, (set) => {
        const text = content('credential-process', set);
        expect(text.indexOf('\n')).toBe(text.length - 1);
        expect(JSON.parse(text)).toMatchObject({
          SecretAccessKey: set.credentials.secretAccessKey.reveal(),
          SessionToken: set.credentials.sessionToken.reveal(),
        });
      }),
    );
  });

  test('as variables for systemd', () => {
    fc.assert(
      fc.property(anySet, (set) => {
        expect(systemdVariables(content('env', set))).toEqual(variables(set));
      }),
    );
  });

  const shells = ['sh', 'bash', 'dash'].flatMap((name) => programPath(name) ?? []);
  test.each(shells)('as variables for %s', (shell) => {
    const sets = fc.sample(anySet, 200);
    const script = sets.map((set, index) => {
      const path = join(directory, `env-${index}`);
      writeFileSync(path, content('env', set));
      return `. ${path}\nprintf '%s\\n' "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN"\n`;
    });
    const { stdout, stderr } = spawnSync(shell, ['-eu', '-c', script.join('')], {
      encoding: 'utf8',
      env: {},
      // As a socket, bash would take it for a remote shell and read its start-up files.
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(stderr).toBe('');
    expect(stdout.split('\n').slice(0, -1)).toEqual(
      sets.flatMap(({ credentials: { secretAccessKey, sessionToken } }) => [
        secretAccessKey.reveal(),
        sessionToken.reveal(),
      ]),
    );
  });

  test.skipIf(python === undefined)('as a profile for Python', () => {
    const sets = fc.sample(anySet, 500);
    const read = readByPython(sets.map((set) => content('shared-credentials', set, '[a]\nx = 1')));
    expect(read).toEqual(
      sets.map(({ credentials }) => ({
        a: { x: '1' },
        default: {
          aws_access_key_id: 'ASIAQ3EXAMPLEKEY0001',
          aws_secret_access_key: credentials.secretAccessKey.reveal(),
          aws_session_token: credentials.sessionToken.reveal(),
          aws_security_token: credentials.sessionToken.reveal(),
          aws_account_id: '111122223333',
          expiry_time: UNTIL,
        },
      })),
    );
  });

  test('as a profile for the AWS SDK for JavaScript', async () => {
    const path = join(directory, 'credentials');
    const missing = join(directory, 'no-config');
    for (const set of [held(1), ...fc.sample(anySet, 100)]) {
      writeFileSync(path, content('shared-credentials', set, '[a]\r\nx = 1\r\n\r\n# b\r\n'));
      const read = fromIni({ filepath: path, configFilepath: missing, ignoreCache: true });
      expect(await read()).toMatchObject({
        accessKeyId: 'ASIAQ3EXAMPLEKEY0001',
        secretAccessKey: set.credentials.secretAccessKey.reveal(),
        sessionToken: set.credentials.sessionToken.reveal(),
      });
    }
  });
});

function variables({ credentials }: Held): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey.reveal(),
    AWS_SESSION_TOKEN: credentials.sessionToken.reveal(),
    AWS_ACCOUNT_ID: '111122223333',
    AWS_CREDENTIAL_EXPIRATION: UNTIL,
  };
}

/** The rules of systemd's `EnvironmentFile=`, as its man page and its parser have them. */
function systemdVariables(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const [name = '', ...rest] = line.split('=');
    found[name] = systemdValue(rest.join('='));
  }
  return found;
}

function systemdValue(written: string): string {
  let value = '';
  let quote = '';
  for (let at = 0; at < written.length; at++) {
    const letter = written.charAt(at);
    const next = written.charAt(at + 1);
    if (quote === '' && value === '' && (letter === '"' || letter === "'")) quote = letter;
    else if (letter === quote) quote = '';
    else if (letter === '\\' && quote !== "'") {
      at++;
      value += quote === '' || '"\\`$'.includes(next) ? next : `\\${next}`;
    } else value += letter;
  }
  return value;
}
