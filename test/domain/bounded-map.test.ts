import { expect, test } from 'vitest';
import { boundedMap } from '../../src/domain/bounded-map.ts';

test('defect 5 of the peers: ten times as many entries as there may be, and there are never more', () => {
  const pushedOut: number[] = [];
  const map = boundedMap<number>(10, (value) => pushedOut.push(value));
  for (let index = 0; index < 100; index++) {
    map.use(`k${index}`, () => index);
    expect([...map.values()].length).toBeLessThanOrEqual(10);
  }
  expect([...map.values()]).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
  expect(pushedOut).toHaveLength(90);
});

test('what is used stays, and is made once', () => {
  const map = boundedMap<object>(2);
  const first = map.use('a', () => ({}));
  map.use('b', () => ({}));
  expect(map.use('a', () => ({}))).toBe(first);
  map.use('c', () => ({}));
  expect(map.use('a', () => ({}))).toBe(first);
});
