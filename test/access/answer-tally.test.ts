import { expect, test } from 'vitest';
import { createAnswerTally } from '../../src/access/answer-tally.ts';

test('counts answers by status and refusals by code, and has nothing of what did not happen', () => {
  const tally = createAnswerTally();
  expect(tally.read()).toEqual({ answers: new Map(), refusals: new Map() });
  for (const status of [200, 403, 200, 0, 599]) tally.answered(status);
  for (const code of ['access-denied', 'unauthorized', 'access-denied']) tally.refused(code);
  expect(tally.read()).toEqual({
    answers: new Map([
      [0, 1],
      [200, 2],
      [403, 1],
      [599, 1],
    ]),
    refusals: new Map([
      ['access-denied', 2],
      ['unauthorized', 1],
    ]),
  });
});

test('what was read does not change any more', () => {
  const tally = createAnswerTally();
  tally.refused('access-denied');
  const before = tally.read();
  tally.answered(200);
  tally.refused('access-denied');
  expect(before).toEqual({ answers: new Map(), refusals: new Map([['access-denied', 1]]) });
});
