import { format, inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';

const TEXT = 'EXAMPLESecretAccessKey0001';
const secret = new Secret(TEXT);

test('a secret is revealed only where it is asked to', () => {
  expect(secret.reveal()).toBe(TEXT);
});

describe('A secret shows as [secret]', () => {
  test.each([
    ['in a template', `a ${secret} b`],
    ['joined to a text', `a ${[secret].join()} b`],
    ['in String()', String(secret)],
    ['added to a text', ''.concat(secret as unknown as string)],
    ['in JSON', JSON.stringify({ secret, list: [secret] })],
    ['inspected', inspect(secret)],
    ['inspected deep inside', inspect({ a: [{ secret }] }, { depth: 9, showHidden: true })],
    ['formatted', format('%s %o %O %j', secret, secret, secret, secret)],
    ['in an error', String(new Error(`failed with ${secret}`).stack)],
    ['as the cause of an error', inspect(new Error('failed', { cause: secret }))],
  ])('%s', (_, text) => {
    expect(text).toContain('[secret]');
    expect(text).not.toContain('EXAMPLE');
  });

  test('and has nothing that can be listed, copied or taken for a text', () => {
    expect(Reflect.ownKeys(secret)).toEqual([]);
    expect({ ...secret }).toEqual({});
    expect(inspect(structuredClone(secret))).not.toContain('EXAMPLE');
    expect(Number(secret)).toBeNaN();
  });
});

test('secrets are equal by their text', () => {
  expect(secret.equals(new Secret(TEXT))).toBe(true);
  expect(secret.equals(new Secret(`${TEXT} `))).toBe(false);
  expect(secret.equals(new Secret(''))).toBe(false);
});
