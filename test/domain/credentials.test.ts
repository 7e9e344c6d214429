import { expect, test } from 'vitest';
import { keyIdTail, sameSet } from '../../src/domain/credentials.ts';
import { Secret } from '../../src/domain/secret.ts';
import { credentialsOf } from '../support/credentials.ts';

const set = credentialsOf(1, '2026-11-23T10:00:00Z');

test('two readings of one document are the same set', () => {
  expect(sameSet(set, credentialsOf(1, '2026-11-23T10:00:00Z'))).toBe(true);
});

test.each([
  ['key id', { accessKeyId: 'ASIAQ3EXAMPLEKEY0002' }],
  ['secret', { secretAccessKey: new Secret('EXAMPLESecretAccessKey0002') }],
  ['session token', { sessionToken: new Secret('EXAMPLESessionToken0002') }],
  ['expiration', { expiration: set.expiration + 1_000 }],
])('another %s alone makes it another set', (_, changed) => {
  expect(sameSet(set, { ...set, ...changed })).toBe(false);
  expect(sameSet({ ...set, ...changed }, set)).toBe(false);
});

test('the last four characters of a key id may be shown', () => {
  expect(keyIdTail(set)).toBe('…0001');
});
