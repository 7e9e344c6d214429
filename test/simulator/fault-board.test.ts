import { expect, test } from 'vitest';
import { createFaultBoard } from '../../src/simulator/fault-board.ts';
import { readFault } from '../../src/simulator/read-fault.ts';

test('a fault with times is used up, each taking counting once', () => {
  const board = createFaultBoard();
  board.set(readFault({ kind: 'reset', on: 'list', times: 2 }));
  expect(board.take(['reset'], 'document')).toBeUndefined();
  expect(board.take(['delay'], 'list')).toBeUndefined();
  expect(board.take(['reset'], 'list')).toMatchObject({ kind: 'reset', times: 2 });
  expect(board.all()).toMatchObject([{ times: 1 }]);
  expect(board.take(['reset'], 'list')).toMatchObject({ kind: 'reset', times: 1 });
  expect(board.take(['reset'], 'list')).toBeUndefined();
  expect(board.all()).toEqual([]);
});

test('of two faults that fit, the one set last is met', () => {
  const board = createFaultBoard();
  board.set(readFault({ kind: 'status', status: 500 }));
  board.set(readFault({ kind: 'status', status: 503, on: 'document', times: 1 }));
  expect(board.take(['status'], 'document')?.status).toBe(503);
  expect(board.take(['status'], 'document')?.status).toBe(500);
});

test('a fault takes the place of its like for the same requests', () => {
  const board = createFaultBoard();
  board.set(readFault({ kind: 'status', status: 500 }));
  board.set(readFault({ kind: 'status', status: 503 }));
  expect(board.all()).toMatchObject([{ status: 503 }]);
});

test('faults are cleared by kind or all at once', () => {
  const board = createFaultBoard();
  board.set(readFault({ kind: 'reset' }));
  board.set(readFault({ kind: 'frozen' }));
  board.clear('reset');
  expect(board.all()).toMatchObject([{ kind: 'frozen' }]);
  expect(board.has('frozen')).toBe(true);
  board.clear();
  expect(board.has('frozen')).toBe(false);
});
