import { describe, expect, test } from 'vitest';
import { answerKept, keptAnswer } from '../../src/domain/kept-answer.ts';

const BOOT = '0f0e0d0c-0b0a-4908-8706-050403020100';
const ANSWER = '{"Version":1,"AccessKeyId":"ASIAQ3EXAMPLEKEY0001"}';
const line = keptAnswer(ANSWER, 1_060, BOOT);

describe('A kept answer', () => {
  test('comes out as it went in, with its line break', () => {
    expect(line).toBe(`${ANSWER.slice(0, -1)},"KeepUntil":"1060/${BOOT}"}\n`);
    expect(answerKept(line, 1_059.99, BOOT)).toBe(`${ANSWER}\n`);
  });

  test.each([1_060, 1_060.01, 9_999])('is over at second %d', (uptime) => {
    expect(answerKept(line, uptime, BOOT)).toBeUndefined();
  });

  test('is not one of another boot', () => {
    expect(answerKept(line, 10, BOOT.replace('0f', '1f'))).toBeUndefined();
    expect(answerKept(line, 10, '')).toBeUndefined();
  });

  test('is printed whole or not at all: every part and every addition is refused', () => {
    for (let length = 0; length < line.length; length++) {
      expect(answerKept(line.slice(0, length), 10, BOOT), `${length} bytes`).toBeUndefined();
    }
    for (const text of [`${line}\n`, `${line}{}`, ` ${line.trimEnd()}`, line.slice(ANSWER.length - 1)]) {
      expect(answerKept(text, 10, BOOT), text).toBeUndefined();
    }
  });

  test.each(['', '-5', '1060.5', '1e9', '0x500', '99999999999', 'x', '1060/other'])(
    'has no time of %j',
    (seconds) => {
      expect(answerKept(line.replace('1060', seconds), 10, BOOT)).toBeUndefined();
    },
  );

  test('may hold what looks like the end of one', () => {
    const odd = `{"SessionToken":"a,\\"KeepUntil\\":\\"9/x"}`;
    expect(answerKept(keptAnswer(odd, 50, BOOT), 10, BOOT)).toBe(`${odd}\n`);
  });
});
