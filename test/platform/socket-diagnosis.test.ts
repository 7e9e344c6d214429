import { describe, expect, test } from 'vitest';
import type { Libc } from '../../src/platform/libc.ts';
import { createSocketDiagnosis } from '../../src/platform/socket-diagnosis.ts';

const LOCAL = { bytes: [127, 0, 0, 1], port: 54_321 };
const REMOTE = { bytes: [127, 0, 0, 1], port: 9_912 };

/** A kernel that gives this answer, made of the request. Counts its questions. */
function kernel(answer: (request: Buffer) => Buffer | undefined) {
  let asked = 0;
  const libc: Libc = {
    socketOption: () => undefined,
    setSocketOption: () => false,
    unixDatagramSocket: () => undefined,
    sendTo: () => false,
    netlinkSocket: () => 9,
    netlinkExchange(_, request) {
      asked += 1;
      return answer(request);
    },
  };
  return { ask: createSocketDiagnosis(() => libc), asked: () => asked };
}

interface Row {
  state?: number;
  ports?: readonly [number, number];
  uid?: number;
  inode?: number;
}

function socketAnswer(request: Buffer, { state = 1, ports = [54_321, 9_912], uid = 1001, inode = 7 }: Row) {
  const answer = Buffer.alloc(88);
  answer.writeUInt16LE(20, 4);
  request.copy(answer, 8, 8, 12);
  answer[17] = state;
  answer.writeUInt16BE(ports[0], 20);
  answer.writeUInt16BE(ports[1], 22);
  answer.writeUInt32LE(uid, 80);
  answer.writeUInt32LE(inode, 84);
  return answer;
}

function errorAnswer(request: Buffer, code: number) {
  const answer = Buffer.alloc(36);
  answer.writeUInt16LE(2, 4);
  request.copy(answer, 8, 8, 12);
  answer.writeInt32LE(code, 16);
  return answer;
}

describe('what the kernel says', () => {
  test.each<[string, Row, number | 'none']>([
    ['a connected socket', {}, 1001],
    ['one whose process has ended its half', { state: 5 }, 1001],
    ['one that is only being made', { state: 2 }, 'none'],
    ['one that listens at the address instead', { state: 10, ports: [54_321, 0] }, 'none'],
    ['one with another other end', { ports: [54_321, 9_911] }, 'none'],
    ['one that was closed', { uid: 0, inode: 0 }, 'none'],
  ])('%s', (_, row, uid) => {
    expect(kernel((request) => socketAnswer(request, row)).ask(LOCAL, REMOTE)).toBe(uid);
  });

  test('that there is no such socket', () => {
    expect(kernel((request) => errorAnswer(request, -2)).ask(LOCAL, REMOTE)).toBe('none');
  });

  test.each<[string, (request: Buffer) => Buffer | undefined]>([
    ['another error', (request) => errorAnswer(request, -1)],
    ['no answer', () => undefined],
    ['half an answer', (request) => socketAnswer(request, {}).subarray(0, 60)],
    ['another kind of message', (request) => socketAnswer(request, {}).fill(3, 4, 5)],
  ])('%s is no word on who it is', (_, answer) => {
    expect(kernel(answer).ask(LOCAL, REMOTE)).toBeUndefined();
  });

  test('the answer to another question is not taken, nor is it asked again', () => {
    const { ask, asked } = kernel((request) => socketAnswer(request, {}).fill(0xee, 8, 12));
    expect([ask(LOCAL, REMOTE), ask(LOCAL, REMOTE), asked()]).toEqual([undefined, undefined, 1]);
  });

  test('without the foreign functions it is not asked', () => {
    expect(createSocketDiagnosis(() => undefined)(LOCAL, REMOTE)).toBeUndefined();
  });
});
