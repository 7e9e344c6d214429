import { describe, expect, test } from 'vitest';
import type { IssuedSet } from '../../src/simulator/credential-set.ts';
import { shownSet } from './scenario-answers.ts';

const expiration = Date.parse('2026-11-23T14:00:00Z');
const now = expiration - 60_000;

function setOf(serial: number): IssuedSet {
  return {
    roleName: 'web',
    serial,
    accessKeyId: `ASIAQ3EXAMPLEKEY000${serial}`,
    secretAccessKey: `EXAMPLESecretAccessKey000${serial}`,
    sessionToken: `EXAMPLESessionToken000${serial}`,
    issuedAt: 0,
    expiration,
    firstServedAt: undefined,
  };
}

const [a, b] = [setOf(1), setOf(2)];
const whole = {
  Code: 'Success',
  AccessKeyId: a.accessKeyId,
  SecretAccessKey: a.secretAccessKey,
  Token: a.sessionToken,
  Expiration: '2026-11-23T14:00:00Z',
};
const read = (document: object, at = now) =>
  shownSet(JSON.stringify(document), 'container', [a, b], at).set.serial;

test('A whole set is known by its key', () => {
  expect(read(whole)).toBe(1);
});

describe('No whole set is', () => {
  test.each([
    ['a part of one', { ...whole, SecretAccessKey: undefined }],
    ['an empty member', { ...whole, Token: '' }],
    ['a mixture of two', { ...whole, Token: b.sessionToken }],
    ['one with a member more', { ...whole, SessionToken: a.sessionToken }],
    ['one with the members of another form', { ...whole, Code: undefined, Version: 1 }],
    ['one that IMDS never gave', { ...whole, AccessKeyId: 'ASIAQ3EXAMPLEKEY0009' }],
    ['one without an expiration', { ...whole, Expiration: undefined }],
    ['one with an empty expiration', { ...whole, Expiration: '' }],
    ['one with a fraction of a second', { ...whole, Expiration: '2026-11-23T14:00:00.000Z' }],
  ])('%s', (_, document) => {
    expect(() => read(document)).toThrow();
  });

  test('one that has just expired', () => {
    expect(read(whole, expiration - 1)).toBe(1);
    expect(() => read(whole, expiration)).toThrow('expired at 2026-11-23T14:00:00Z');
  });
});
