import { describe, expect, test } from 'vitest';
import type { Held } from '../../src/domain/life-state.ts';
import { Secret } from '../../src/domain/secret.ts';
import {
  containerJson,
  credentialProcessJson,
  imdsDocument,
  refusalJson,
} from '../../src/domain/wire-formats.ts';
import { roleCredentials } from '../support/credentials.ts';

const set: Held = {
  ...roleCredentials(1, '2026-11-23T10:00:00Z'),
  generation: 7,
  advertisedExpiration: Date.parse('2026-11-23T10:07:30.900Z'),
};
const withoutAccount: Held = { ...set, accountId: undefined };

describe('credential_process', () => {
  test('has the five fields of its version 1 in their casing, and the account', () => {
    expect(credentialProcessJson(set)).toBe(
      '{"Version":1,"AccessKeyId":"ASIAQ3EXAMPLEKEY0001","SecretAccessKey":"EXAMPLESecretAccessKey0001","SessionToken":"EXAMPLESessionToken0001","Expiration":"2026-11-23T10:07:30Z","AccountId":"111122223333"}',
    );
  });

  test('leaves out the account where it is not known', () => {
    expect(credentialProcessJson(withoutAccount)).not.toContain('AccountId');
  });
});

describe('The container shape', () => {
  test('calls the session token Token', () => {
    expect(containerJson(set)).toBe(
      '{"Code":"Success","AccessKeyId":"ASIAQ3EXAMPLEKEY0001","SecretAccessKey":"EXAMPLESecretAccessKey0001","Token":"EXAMPLESessionToken0001","Expiration":"2026-11-23T10:07:30Z","AccountId":"111122223333"}',
    );
  });

  test('leaves out the account where it is not known', () => {
    expect(containerJson(withoutAccount)).not.toContain('AccountId');
  });
});

test('the document of IMDS has its fields one to a line, in its order', () => {
  expect(imdsDocument(set, Date.parse('2026-11-23T08:00:00Z'))).toBe(
    `{
  "Code" : "Success",
  "LastUpdated" : "2026-11-23T08:00:00Z",
  "Type" : "AWS-HMAC",
  "AccessKeyId" : "ASIAQ3EXAMPLEKEY0001",
  "SecretAccessKey" : "EXAMPLESecretAccessKey0001",
  "Token" : "EXAMPLESessionToken0001",
  "Expiration" : "2026-11-23T10:07:30Z"
}`,
  );
});

test.each([
  ['credential_process', credentialProcessJson(set)],
  ['container', containerJson(set)],
  ['IMDS', imdsDocument(set, 0)],
])('%s says the expiration that consumers are told, to the second below, and no generation', (_, json) => {
  expect(JSON.parse(json)).toMatchObject({ Expiration: '2026-11-23T10:07:30Z' });
  expect(json).not.toContain('generation');
  expect(json).not.toContain('[secret]');
});

test.each([
  ['credential_process', credentialProcessJson],
  ['container', containerJson],
  ['IMDS', (held: Held) => imdsDocument(held, 0)],
])(
  '%s stays under the 8 KiB that the SDK for Go v1 reads, with a session token far longer than real ones',
  (_, json) => {
    const sessionToken = new Secret('EXAMPLE/'.repeat(900));
    const long = { ...set, credentials: { ...set.credentials, sessionToken } };
    expect(json(long)).toContain(sessionToken.reveal());
    expect(Buffer.byteLength(json(long))).toBeLessThan(8 * 1024);
  },
);

test('a refusal is in both spellings, and only in them', () => {
  const refusal = { code: 'no-role', message: 'No role: "attach" one.\n', status: 404 };
  expect(JSON.parse(refusalJson(refusal))).toEqual({
    code: 'no-role',
    message: 'No role: "attach" one.\n',
    Code: 'no-role',
    Message: 'No role: "attach" one.\n',
  });
});
