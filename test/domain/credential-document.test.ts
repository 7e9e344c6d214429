import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ParsedCredentialDocument,
  parseCredentialDocument,
} from '../../src/domain/credential-document.ts';

const GOOD = {
  Code: 'Success',
  LastUpdated: '2026-11-23T08:00:05Z',
  Type: 'AWS-HMAC',
  AccessKeyId: 'ASIAQ3EXAMPLEKEY0001',
  SecretAccessKey: 'vJ8exampleSecretExampleSecretExample0001',
  Token: 'IQoJexampleSessionTokenMadeUp==',
  Expiration: '2026-11-23T14:12:31Z',
};

function parse(changes: Record<string, unknown>): ParsedCredentialDocument {
  return parseCredentialDocument(JSON.stringify({ ...GOOD, ...changes }));
}

function shapeOf(parsed: ParsedCredentialDocument) {
  if (!parsed.ok) return parsed;
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = parsed.credentials;
  return {
    ok: true,
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    sessionToken: sessionToken.reveal(),
    expiration,
  };
}

const WHOLE = {
  ok: true,
  accessKeyId: GOOD.AccessKeyId,
  secretAccessKey: GOOD.SecretAccessKey,
  sessionToken: GOOD.Token,
  expiration: Date.parse(GOOD.Expiration),
};

describe('a good document', () => {
  test('becomes credentials', () => {
    expect(shapeOf(parse({}))).toEqual(WHOLE);
  });

  test.each([
    ['pretty-printed', JSON.stringify(GOOD, null, 2)],
    ['with an LF after it', `${JSON.stringify(GOOD)}\n`],
    ['with fields in another order', JSON.stringify(Object.fromEntries(Object.entries(GOOD).toReversed()))],
    ['with Code in another case', JSON.stringify({ ...GOOD, Code: 'SUCCESS' })],
    ['with unknown fields', JSON.stringify({ ...GOOD, AccountId: '111122223333', Nested: { Token: null } })],
    ['with a field twice', JSON.stringify(GOOD).replace('{', '{"Token":"EXAMPLE-first",')],
    ['with a field named __proto__', JSON.stringify(GOOD).replace('{', '{"__proto__":{"Token":"x"},')],
  ])('%s is the same credentials', (_, text) => {
    expect(shapeOf(parseCredentialDocument(text))).toEqual(WHOLE);
  });

  test('may have expired: that is for the lifecycle to judge', () => {
    expect(parse({ Expiration: '2001-01-01T00:00:00Z' }).ok).toBe(true);
  });

  test.each([
    ['AccessKeyId', 'A'.repeat(16), 'A'.repeat(128)],
    ['SecretAccessKey', 's', 's'.repeat(1_024)],
    ['Token', 't', 't'.repeat(16_384)],
  ])('may have the shortest and the longest %s', (name, shortest, longest) => {
    expect(parse({ [name]: shortest }).ok).toBe(true);
    expect(parse({ [name]: longest }).ok).toBe(true);
  });

  test('may have 65536 characters, and not one more', () => {
    const longest = JSON.stringify(GOOD).padEnd(65_536);
    expect(shapeOf(parseCredentialDocument(longest))).toEqual(WHOLE);
    expect(parseCredentialDocument(`${longest} `)).toEqual({
      ok: false,
      reason: 'malformed',
      fault: 'it is longer than 65536 characters',
    });
  });
});

describe('a bad document', () => {
  test.each([
    ['empty', ''],
    ['null', 'null'],
    ['a number', '1'],
    ['a text', '"Success"'],
    ['an array', `[${JSON.stringify(GOOD)}]`],
    ['XHTML', '<?xml version="1.0"?><html></html>'],
    ['cut short', JSON.stringify(GOOD).slice(0, -1)],
    ['two documents', JSON.stringify(GOOD).repeat(2)],
    ['after a byte order mark', `\ufeff${JSON.stringify(GOOD)}`],
  ])('%s is no JSON object', (_, text) => {
    expect(parseCredentialDocument(text)).toEqual({
      ok: false,
      reason: 'malformed',
      fault: 'it is not a JSON object',
    });
  });

  test.each([
    ['Code', 'empty or no text'],
    ['AccessKeyId', 'not 16 to 128 capital letters and digits'],
    ['SecretAccessKey', 'not 1 to 1024 printable ASCII characters'],
    ['Token', 'not 1 to 16384 printable ASCII characters'],
    ['Expiration', 'not an instant like 2026-11-23T14:12:31Z'],
  ])('without %s is told the rule', (name, rule) => {
    const or = name === 'Code' ? ',' : ' or';
    expect(parse({ [name]: undefined })).toMatchObject({
      fault: `its field ${name} is missing${or} ${rule}`,
    });
  });

  const fields = ['Code', 'AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'];
  const wrong = [undefined, null, '', 0, true, [], {}, ['EXAMPLE']];
  test.each(fields.flatMap((name) => wrong.map((value) => [name, value] as const)))(
    'with %s = %j is malformed, and the fault names the field',
    (name, value) => {
      expect(parse({ [name]: value })).toMatchObject({
        ok: false,
        reason: 'malformed',
        fault: expect.stringContaining(name),
      });
    },
  );

  test.each([
    ['AccessKeyId', 'A'.repeat(15)],
    ['AccessKeyId', 'A'.repeat(129)],
    ['AccessKeyId', 'asiaq3examplekey0001'],
    ['AccessKeyId', 'ASIAQ3EXAMPLEKEY0001\n'],
    ['SecretAccessKey', 'two words'],
    ['SecretAccessKey', 'line\nbreak'],
    ['SecretAccessKey', 'schlüssel'],
    ['SecretAccessKey', 's'.repeat(1_025)],
    ['Token', 'EXAMPLE\r\nx-injected: 1'],
    ['Token', 'EXAMPLE\u0000'],
    ['Token', 'EXAMPLE\u007f'],
    ['Token', 't'.repeat(16_385)],
    ['Expiration', '2026-11-23T14:12:31.000Z'],
    ['Expiration', '2026-11-23T14:12:31+00:00'],
    ['Expiration', '2026-02-30T14:12:31Z'],
    ['Expiration', '2026-11-23 14:12:31Z'],
    ['Expiration', '1795529551'],
    ['Expiration', 'never'],
  ])('with %s = %j is malformed, and the fault quotes nothing of it', (name, value) => {
    const parsed = parse({ [name]: value });
    expect(parsed).toMatchObject({ ok: false, reason: 'malformed' });
    expect(JSON.stringify(parsed)).not.toContain(JSON.stringify(value).slice(1, -1));
  });

  test('does not borrow a field from a prototype', () => {
    const { Token: _, ...rest } = GOOD;
    const text = JSON.stringify(rest).replace('{', '{"__proto__":{"Token":"EXAMPLE"},');
    expect(parseCredentialDocument(text)).toMatchObject({ ok: false, reason: 'malformed' });
    Object.defineProperty(Object.prototype, 'Token', { value: 'EXAMPLE', configurable: true });
    try {
      expect(parseCredentialDocument(text)).toMatchObject({ ok: false, reason: 'malformed' });
    } finally {
      Reflect.deleteProperty(Object.prototype, 'Token');
    }
  });
});

describe('a Code other than Success', () => {
  test('is a service error, with the code and the message', () => {
    expect(parse({ Code: 'AssumeRoleUnauthorizedAccess', Message: 'EC2 cannot assume the role' })).toEqual({
      ok: false,
      reason: 'service-error',
      code: 'AssumeRoleUnauthorizedAccess',
      serviceMessage: 'EC2 cannot assume the role',
    });
  });

  test('needs no other field, and no message', () => {
    expect(parseCredentialDocument('{"Code":"Failed"}')).toEqual({
      ok: false,
      reason: 'service-error',
      code: 'Failed',
      serviceMessage: undefined,
    });
  });

  test('is shown on one line, without control and formatting characters, and cut', () => {
    const parsed = parse({
      Code: 'Bad\u001b[31mCode',
      Message: `a\r\nb\u0000c\u202ed\u2028e ${'é😀'.repeat(300)}`,
    });
    if (parsed.ok || parsed.reason !== 'service-error') throw new Error('Expected a service error');
    expect(parsed.code).toBe('Bad [31mCode');
    expect(parsed.serviceMessage?.startsWith('a b c d e é😀')).toBe(true);
    expect([...(parsed.serviceMessage ?? '')]).toHaveLength(200);
    expect(parsed.serviceMessage?.isWellFormed()).toBe(true);
  });

  test('is cut only where it is longer than what is shown, and ends in … then', () => {
    expect(parse({ Code: 'C'.repeat(64), Message: 'm'.repeat(200) })).toMatchObject({
      code: 'C'.repeat(64),
      serviceMessage: 'm'.repeat(200),
    });
    expect(parse({ Code: 'C'.repeat(65), Message: 'm'.repeat(201) })).toMatchObject({
      code: `${'C'.repeat(63)}…`,
      serviceMessage: `${'m'.repeat(199)}…`,
    });
  });

  test('of control characters alone is malformed', () => {
    expect(parse({ Code: '\u0000\n' })).toMatchObject({ reason: 'malformed' });
  });
});

describe('for any input', () => {
  const key = fc.constantFrom(...Object.keys(GOOD), 'Message', '__proto__', 'constructor', 'toString');
  const value = fc.oneof(fc.constantFrom(...Object.values(GOOD)), fc.string(), fc.jsonValue());
  const document = fc.array(fc.tuple(key, value)).map((entries) => {
    const fields = entries.map(([name, content]) => `${JSON.stringify(name)}:${JSON.stringify(content)}`);
    return `{${fields.join(',')}}`;
  });
  const cut = fc
    .tuple(fc.nat(), fc.string())
    .map(([at, junk]) => JSON.stringify(GOOD).slice(0, at % 300) + junk);
  const texts = fc.oneof(fc.string(), fc.json(), document, cut);

  test('nothing is thrown, and what comes is whole or a reason', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseCredentialDocument(text);
        if (parsed.ok) {
          const { accessKeyId, secretAccessKey, sessionToken, expiration } = parsed.credentials;
          expect(accessKeyId).toMatch(/^[A-Z0-9]{16,128}$/);
          expect(secretAccessKey.reveal()).toMatch(/^[\x21-\x7e]+$/);
          expect(sessionToken.reveal()).toMatch(/^[\x21-\x7e]+$/);
          expect(Number.isSafeInteger(expiration)).toBe(true);
        } else if (parsed.reason === 'service-error') {
          expect(parsed.code).toMatch(/^\P{C}+$/u);
        } else {
          expect(parsed.fault).not.toBe('');
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('a document without any one of its fields is never a set', () => {
    const fields = ['Code', 'AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'] as const;
    fc.assert(
      fc.property(
        fc.subarray([...fields], { minLength: 1 }),
        fc.dictionary(fc.string(), value),
        (gone, more) => {
          const rest: Record<string, unknown> = { ...more, ...GOOD };
          for (const name of gone) delete rest[name];
          expect(parseCredentialDocument(JSON.stringify(rest)).ok).toBe(false);
        },
      ),
    );
  });
});
