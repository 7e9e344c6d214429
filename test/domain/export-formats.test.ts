import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ExportedSet,
  exportFormats,
  exportText,
  isProfileName,
  quoteForFish,
  quoteForPowerShell,
  quoteForShell,
  UnfitValueError,
} from '../../src/domain/export-formats.ts';
import { Secret } from '../../src/domain/secret.ts';
import { credentialsOf } from '../support/credentials.ts';
import { programPath } from '../support/machine.ts';

const set: ExportedSet = {
  credentials: credentialsOf(1, '2026-11-23T14:12:31Z'),
  advertisedExpiration: Date.parse('2026-11-23T14:12:31Z'),
  accountId: '111122223333',
  roleName: 'web',
};
const variables = {
  AWS_ACCESS_KEY_ID: 'ASIAQ3EXAMPLEKEY0001',
  AWS_SECRET_ACCESS_KEY: 'EXAMPLESecretAccessKey0001',
  AWS_SESSION_TOKEN: 'EXAMPLESessionToken0001',
  AWS_CREDENTIAL_EXPIRATION: '2026-11-23T14:12:31Z',
  AWS_ACCOUNT_ID: '111122223333',
};

function withToken(text: string): ExportedSet {
  return { ...set, credentials: { ...set.credentials, sessionToken: new Secret(text) } };
}

/** What people and attackers put into strings: quotes, backslashes, substitutions, line breaks, other scripts. */
const hostile = fc.oneof(
  fc.string({ unit: fc.constantFrom(...`'"\\$\`();&|<>#!*?[]{}~%\n\r\t a‘’‚‛“”=`), maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 20 }).filter((text) => !text.includes('\0')),
  fc.constantFrom('$(touch /tmp/x)', "'; exit 1; '", "\\'", "a\\\\'b", '\\', "'", '-n', '%s\\n', '!!'),
);
const samples = fc.sample(hostile, { numRuns: 400, seed: 7 });

/** Much work, for a machine that may be busy. */
const PATIENT = { timeout: 60_000 };

const shells = ['sh', 'bash', 'dash', 'zsh', 'fish'].map((name) => {
  const path = programPath(name);
  return { name, path, skipped: path === undefined ? ' (skipped: not installed)' : '' };
});

describe.each(shells)('$name$skipped', PATIENT, ({ name, path }) => {
  const [format, quote] =
    name === 'fish' ? (['fish', quoteForFish] as const) : (['env', quoteForShell] as const);

  test.skipIf(path === undefined)('reads every quoted value back as it was', () => {
    const words = samples.map((value) => `printf '%s\\0' ${quote(value)}`);
    expect(
      run(`${words.join('\n')}\n`)
        .split('\0')
        .slice(0, -1),
    ).toEqual(samples);
  });

  test.skipIf(path === undefined)('sets the variables, for its children too', () => {
    expect(environmentAfter(exportText(format, set), {})).toMatchObject(variables);
  });

  test.skipIf(path === undefined)('takes away an account id that is another set’s', () => {
    const text = exportText(format, { ...set, accountId: undefined });
    const after = environmentAfter(text, { AWS_ACCOUNT_ID: '999999999999' });
    expect(after).toHaveProperty('AWS_SESSION_TOKEN');
    expect(after).not.toHaveProperty('AWS_ACCOUNT_ID');
  });

  test.skipIf(path === undefined)('loses nothing but the comment when all is made one line', () => {
    const text = exportText(format, { ...set, accountId: undefined }).replaceAll('\n', ' ');
    const after = environmentAfter(text, { AWS_ACCOUNT_ID: '999999999999' });
    const { AWS_ACCOUNT_ID: _, ...others } = variables;
    expect(after).toMatchObject(others);
    expect(after).not.toHaveProperty('AWS_ACCOUNT_ID');
  });

  /** Through a file: an argument cannot hold everything. */
  function run(script: string, env: Record<string, string> = {}): string {
    const directory = mkdtempSync(join(tmpdir(), 'rolekeeper-test-'));
    try {
      const file = join(directory, 'script');
      writeFileSync(file, script);
      const { stdout, stderr, status } = spawnSync(path ?? '', [file], {
        env: { LC_ALL: 'C.UTF-8', HOME: directory, PATH: '/usr/bin:/bin', ...env },
        encoding: 'utf8',
        maxBuffer: 1 << 24,
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return stdout;
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  function environmentAfter(text: string, env: Record<string, string>): Record<string, string> {
    const pairs = run(`${text}\n/usr/bin/env -0\n`, env)
      .split('\0')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
    return Object.fromEntries(pairs);
  }
});

describe('the text is one statement a line, with the comment last', () => {
  test.each([
    [
      'env',
      [
        "export AWS_ACCESS_KEY_ID='ASIAQ3EXAMPLEKEY0001';",
        "export AWS_SECRET_ACCESS_KEY='EXAMPLESecretAccessKey0001';",
        "export AWS_SESSION_TOKEN='EXAMPLESessionToken0001';",
        "export AWS_CREDENTIAL_EXPIRATION='2026-11-23T14:12:31Z';",
        'unset AWS_ACCOUNT_ID;',
      ],
    ],
    [
      'fish',
      [
        "set -gx AWS_ACCESS_KEY_ID 'ASIAQ3EXAMPLEKEY0001';",
        "set -gx AWS_SECRET_ACCESS_KEY 'EXAMPLESecretAccessKey0001';",
        "set -gx AWS_SESSION_TOKEN 'EXAMPLESessionToken0001';",
        "set -gx AWS_CREDENTIAL_EXPIRATION '2026-11-23T14:12:31Z';",
        'set -e AWS_ACCOUNT_ID;',
      ],
    ],
    [
      'powershell',
      [
        "$Env:AWS_ACCESS_KEY_ID = 'ASIAQ3EXAMPLEKEY0001'",
        "$Env:AWS_SECRET_ACCESS_KEY = 'EXAMPLESecretAccessKey0001'",
        "$Env:AWS_SESSION_TOKEN = 'EXAMPLESessionToken0001'",
        "$Env:AWS_CREDENTIAL_EXPIRATION = '2026-11-23T14:12:31Z'",
        'Remove-Item -ErrorAction Ignore Env:AWS_ACCOUNT_ID',
      ],
    ],
  ] as const)('in %s', (format, statements) => {
    const comment = '# role web, key id ending in 0001, expires 2026-11-23T14:12:31Z\n';
    const text = exportText(format, { ...set, accountId: undefined });
    expect(text).toBe([...statements, comment].join('\n'));
  });
});

test('fish needs a backslash before a quote and before another backslash, where there is no fish to ask too', () => {
  expect(quoteForFish("a'b\\c$d")).toBe("'a\\'b\\\\c$d'");
});

describe('powershell', () => {
  test('every quoted value is one string, by the rules of its tokenizer', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        expect(powerShellString(quoteForPowerShell(value))).toBe(value);
      }),
    );
  });

  test('a typographic quote does not end the string', () => {
    expect(quoteForPowerShell('a’; calc')).toBe("'a’’; calc'");
  });

  /** PowerShell's ScanStringLiteral: any single quote ends the string, unless any single quote follows it. */
  function powerShellString(text: string): string | undefined {
    const isQuote = (character: string | undefined) => /^['\u2018-\u201b]$/.test(character ?? '');
    let value = '';
    for (let index = 1; index < text.length; index += 1) {
      if (isQuote(text[index])) {
        if (!isQuote(text[index + 1])) return index === text.length - 1 ? value : undefined;
        index += 1;
      }
      value += text[index];
    }
    return undefined;
  }
});

describe('ini', PATIENT, () => {
  const python = programPath('python3');
  const parse = (text: string) => {
    const script =
      'import configparser,json,sys; c=configparser.RawConfigParser(); c.read_string(sys.stdin.read()); print(json.dumps({s:dict(c[s]) for s in c.sections()}))';
    const { stdout, status } = spawnSync(python ?? '', ['-c', script], { input: text, encoding: 'utf8' });
    expect(status).toBe(0);
    return JSON.parse(stdout);
  };

  test('holds the set under both names of the session token', () => {
    expect(
      exportText('ini', set, 'app'),
    ).toBe(`# role web, key id ending in 0001, expires 2026-11-23T14:12:31Z
[app]
aws_access_key_id = ASIAQ3EXAMPLEKEY0001
aws_secret_access_key = EXAMPLESecretAccessKey0001
aws_session_token = EXAMPLESessionToken0001
aws_security_token = EXAMPLESessionToken0001
aws_account_id = 111122223333
`);
  });

  test('names no account that is not known', () => {
    const [known, unknown] = [exportText('ini', set), exportText('ini', { ...set, accountId: undefined })];
    expect(unknown).toBe(known.replace('aws_account_id = 111122223333\n', ''));
  });

  const why = python === undefined ? ' (skipped: no python3)' : '';
  test.skipIf(python === undefined)(`Python reads every value that is not refused as it was${why}`, () => {
    const printable = fc.string({
      unit: fc.constantFrom(...`aZ9'"\\$%#;=:[]{}~&<>|`),
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(printable, (token) => {
        fc.pre(!/^[#;]/.test(token));
        expect(parse(exportText('ini', withToken(token))).default.aws_session_token).toBe(token);
      }),
      { numRuns: 25 },
    );
  });

  test.each(['a\nb = c', 'a\r', ' a', 'a ', 'a # b', '# a', ';a', '', 'a\u2028b', 'é', 'a\0'])(
    'a value that no INI file holds is refused, without being shown: %j',
    (token) => {
      const failure = thrownBy(() => exportText('ini', withToken(token)));
      expect(failure).toBeInstanceOf(UnfitValueError);
      expect(String(failure)).toBe(
        "UnfitValueError: The session token has characters that an INI file cannot hold: use another --format, or see the agent's log",
      );
    },
  );

  const odd = new Secret('two words');
  test.each([
    ['access key id', { credentials: { ...set.credentials, accessKeyId: 'two words' } }],
    ['secret access key', { credentials: { ...set.credentials, secretAccessKey: odd } }],
    ['session token', { credentials: { ...set.credentials, sessionToken: odd } }],
    ['account id', { accountId: 'two words' }],
  ])('the refusal of a value names its part: %s', (part, changed) => {
    const message = String(thrownBy(() => exportText('ini', { ...set, ...changed })));
    expect(message).toContain(`The ${part} has characters`);
  });

  test.each(['a', 'x'.repeat(64), 'aZ0_@+.%:/-', 'default', 'DEFAULTS'])('%j names a profile', (name) => {
    expect(isProfileName(name)).toBe(true);
    expect(exportText('ini', set, name)).toContain(`\n[${name}]\n`);
  });

  test.each(['', 'a b', 'a]', 'a\n[b]', '#a', 'a#', 'DEFAULT', 'x'.repeat(65)])(
    'no profile is named %j',
    (name) => {
      expect(isProfileName(name)).toBe(false);
      expect(String(thrownBy(() => exportText('ini', set, name)))).toBe(
        'UnfitValueError: The profile name cannot stand in an INI file',
      );
    },
  );
});

describe('json', () => {
  test('is what credential_process prints, a member a line', () => {
    expect(exportText('json', set)).toBe(`{
  "Version": 1,
  "AccessKeyId": "ASIAQ3EXAMPLEKEY0001",
  "SecretAccessKey": "EXAMPLESecretAccessKey0001",
  "SessionToken": "EXAMPLESessionToken0001",
  "Expiration": "2026-11-23T14:12:31Z",
  "AccountId": "111122223333"
}
`);
  });

  test('holds any value', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        expect(JSON.parse(exportText('json', withToken(value))).SessionToken).toBe(value);
      }),
    );
  });
});

describe('every format', () => {
  test.each(exportFormats)('%s ends with a line break', (format) => {
    expect(exportText(format, set)).toMatch(/[^\n]\n$/);
  });

  test.each(exportFormats.filter((format) => format !== 'json'))(
    '%s stays one comment line, in ASCII, whatever the role is called',
    (format) => {
      const text = exportText(format, { ...set, roleName: "x\n'$(id)é’ export A=b" });
      const comments = text.split('\n').filter((line) => line.startsWith('#'));
      expect(comments).toEqual([
        "# role x?'$(id)?? export A=b, key id ending in 0001, expires 2026-11-23T14:12:31Z",
      ]);
      expect(text.split('\n')).toHaveLength(exportText(format, set).split('\n').length);
    },
  );

  test.each(['env', 'fish', 'powershell'] as const)(
    '%s refuses a NUL character, not showing the value',
    (format) => {
      const failure = thrownBy(() => exportText(format, withToken('EXAMPLE\0token')));
      expect(failure).toBeInstanceOf(UnfitValueError);
      expect(String(failure)).toBe(
        'UnfitValueError: A value has a NUL character, which no environment variable can hold',
      );
    },
  );

  test('says nothing of a role that is not known', () => {
    expect(exportText('env', { ...set, roleName: undefined })).toContain(
      '\n# key id ending in 0001, expires ',
    );
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
