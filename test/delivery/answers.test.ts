import { expect, test } from 'vitest';
import { answersFor } from '../../src/delivery/answers.ts';
import type { Held } from '../../src/domain/life-state.ts';
import { containerJson, credentialProcessJson } from '../../src/domain/wire-formats.ts';
import { roleCredentials } from '../support/credentials.ts';

const heldSet = (): Held => {
  const set = roleCredentials(1, '2026-11-23T10:00:00Z');
  return { ...set, generation: 1, advertisedExpiration: set.credentials.expiration };
};

test('the answers of a set are rendered once, however many ask', () => {
  const held = heldSet();
  const { container, credentialProcess } = answersFor(held);
  expect(answersFor(held).container).toBe(container);
  expect(answersFor(held).credentialProcess).toBe(credentialProcess);
  expect(container.body).toBe(containerJson(held));
  expect(credentialProcess.body).toBe(`${credentialProcessJson(held)}\n`);
});

test('a set that is extended is another one, with answers of its own', () => {
  const held = heldSet();
  const extended = { ...held, advertisedExpiration: Date.parse('2026-11-23T10:10:00Z') };
  expect(answersFor(held).container.body).toContain('T10:00:00Z');
  expect(answersFor(extended).container.body).toContain('T10:10:00Z');
});
