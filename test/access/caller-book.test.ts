import { describe, expect, test } from 'vitest';
import { createCallerBook } from '../../src/access/caller-book.ts';
import { type Caller, unknownCaller } from '../../src/domain/caller.ts';
import { manualClock } from '../support/manual-clock.ts';

const backup: Caller = { ...unknownCaller, uid: 1001, exe: '/usr/bin/backup', unit: 'backup.service' };
const allowed = { verdict: 'allowed' };

test('every request is counted where it belongs', async () => {
  const clock = manualClock();
  const book = createCallerBook(clock);
  book.record('imds_endpoint', backup, { ...allowed, userAgent: 'a/1', isTokenless: true });
  await clock.advance(1_000);
  book.record('imds_endpoint', backup, { verdict: 'access-denied', userAgent: 'a/1' });
  book.record('imds_endpoint', backup, { ...allowed, userAgent: 'a/2' });
  book.record('agent_socket', backup, allowed);
  book.record('agent_socket', { ...backup, exe: undefined }, allowed);
  book.record('agent_socket', unknownCaller, allowed);
  const start = Date.parse('2026-11-23T08:00:00Z');
  expect(book.recent()).toHaveLength(5);
  expect(book.recent()).toContainEqual({
    uid: 1001,
    surface: 'imds_endpoint',
    exe: '/usr/bin/backup',
    unit: 'backup.service',
    userAgent: 'a/1',
    isOthers: false,
    requests: 2,
    denied: 1,
    tokenless: 1,
    lastVerdict: 'access-denied',
    firstSeen: start,
    lastSeen: start + 1_000,
    lastAt: 2_000,
  });
});

test('who has not asked for an hour is no longer listed', async () => {
  const clock = manualClock();
  const book = createCallerBook(clock);
  book.record('agent_socket', backup, allowed);
  await clock.advance(3_600_000);
  book.record('line_socket', backup, allowed);
  expect(book.recent()).toHaveLength(2);
  await clock.advance(1);
  expect(book.recent().map(({ surface }) => surface)).toEqual(['line_socket']);
});

test('a wall clock that is stepped does not hide anybody', () => {
  const clock = manualClock();
  const book = createCallerBook(clock);
  book.record('agent_socket', backup, allowed);
  clock.stepWall(86_400_000);
  expect(book.recent()).toHaveLength(1);
});

test('a user agent is cut, and moves no terminal’s cursor', () => {
  const book = createCallerBook(manualClock());
  const agent = (userAgent: string) => book.record('imds_endpoint', backup, { ...allowed, userAgent });
  agent('\u001b[2Ja\nb\u202e\ud800');
  agent('x'.repeat(8_000));
  expect(book.recent().map(({ userAgent }) => userAgent)).toEqual(['?[2Ja?b??', `${'x'.repeat(119)}…`]);
});

describe('defect 19 of the peers: state is kept for callers without end', () => {
  const total = (book: ReturnType<typeof createCallerBook>, of: 'requests' | 'denied' | 'tokenless') =>
    book.recent().reduce((sum, entry) => sum + entry[of], 0);

  test('a million users leave a bounded list, in which none of their requests is lost', () => {
    const book = createCallerBook(manualClock());
    const million = 1_000_000;
    for (let uid = 0; uid < million; uid++) {
      book.record('imds_endpoint', { ...unknownCaller, uid }, { ...allowed, isTokenless: uid % 4 === 0 });
    }
    expect(book.recent()).toHaveLength(128 + 1);
    expect([total(book, 'requests'), total(book, 'tokenless'), total(book, 'denied')]).toEqual([
      million,
      million / 4,
      0,
    ]);
    expect(book.recent().at(-1)).toMatchObject({ uid: undefined, isOthers: true, requests: million - 128 });
  }, 120_000);

  test('a user that makes up user agents fills its own page, and pushes nobody else out', () => {
    const book = createCallerBook(manualClock());
    book.record('agent_socket', backup, allowed);
    for (let index = 0; index < 100_000; index++) {
      const asked = { verdict: index % 2 === 0 ? 'allowed' : 'unauthorized', userAgent: `made-up/${index}` };
      book.record('container_endpoint', { ...unknownCaller, uid: 65_534 }, asked);
    }
    expect(book.recent()).toHaveLength(1 + 32 + 1);
    expect(book.recent()[0]).toMatchObject({ uid: 1001, requests: 1 });
    expect(book.recent()).toContainEqual(
      expect.objectContaining({ uid: 65_534, isOthers: true, requests: 100_000 - 32, userAgent: undefined }),
    );
    expect([total(book, 'requests'), total(book, 'denied')]).toEqual([100_001, 50_000]);
  });

  test('the counts of a user that is pushed out with others of its own are not lost', () => {
    const book = createCallerBook(manualClock());
    for (let index = 0; index < 40; index++) {
      book.record('agent_socket', backup, { ...allowed, userAgent: `a/${index}` });
    }
    for (let uid = 0; uid < 128; uid++)
      book.record('line_socket', { ...unknownCaller, uid: 5_000 + uid }, allowed);
    expect(total(book, 'requests')).toBe(168);
    expect(book.recent().at(-1)).toMatchObject({ isOthers: true, requests: 40 });
  });
});
