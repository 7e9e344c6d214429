import { expect, test } from 'vitest';
import { createCallerBook } from '../../src/access/caller-book.ts';
import { callersDocument } from '../../src/access/callers-document.ts';
import { unknownCaller } from '../../src/domain/caller.ts';
import { manualClock } from '../support/manual-clock.ts';

test('IMDSv1-shaped readers come first, then those that ask most; what is not known is left out', () => {
  const book = createCallerBook(manualClock());
  const of = (uid: number | undefined) => ({ ...unknownCaller, uid, unit: '' });
  for (let index = 0; index < 9; index++) book.record('agent_socket', of(1), { verdict: 'allowed' });
  for (let index = 0; index < 3; index++) {
    book.record('imds_endpoint', of(2), { verdict: 'allowed', userAgent: 'old/1', isTokenless: true });
  }
  book.record('imds_endpoint', of(undefined), { verdict: 'unauthorized', isTokenless: true });
  const asked: number[] = [];
  const { callers } = callersDocument(book.recent(), (uid) => {
    asked.push(uid);
    return uid === 2 ? 'legacy' : undefined;
  });
  const seen = { first_seen: '2026-11-23T08:00:00Z', last_seen: '2026-11-23T08:00:00Z' };
  const read = { surface: 'imds_endpoint', ...seen };
  expect(callers).toEqual([
    {
      user: 'legacy',
      uid: 2,
      ...read,
      user_agent: 'old/1',
      requests: 3,
      denied: 0,
      tokenless: 3,
      last_verdict: 'allowed',
    },
    { ...read, requests: 1, denied: 1, tokenless: 1, last_verdict: 'unauthorized' },
    {
      uid: 1,
      surface: 'agent_socket',
      ...seen,
      requests: 9,
      denied: 0,
      tokenless: 0,
      last_verdict: 'allowed',
    },
  ]);
  expect(asked.sort()).toEqual([1, 2]);
});
