import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { pause } from '../../src/domain/ports.ts';
import { manualClock, settle } from '../support/manual-clock.ts';

/** Whether the pause is over by now. */
function watched(pausing: Promise<void>) {
  const seen = { over: false };
  pausing.then(() => {
    seen.over = true;
  });
  return seen;
}

test.each([
  ['with a signal', new AbortController().signal],
  ['without', undefined],
])('a pause is over when its time is, and not before, %s', async (_, signal) => {
  const clock = manualClock();
  const pausing = watched(pause(clock, 1_000, signal));
  await clock.advance(999);
  expect(pausing.over).toBe(false);
  await clock.advance(1);
  expect(pausing.over).toBe(true);
});

test('a pause ends at once with its signal, and leaves no timer behind', async () => {
  const clock = manualClock();
  const stop = new AbortController();
  const pausing = watched(pause(clock, 1_000, stop.signal));
  expect(clock.pendingTimers()).toBe(1);
  stop.abort();
  await settle();
  expect(pausing.over).toBe(true);
  expect(clock.pendingTimers()).toBe(0);
});

test('a signal that is aborted already leaves nothing to wait for', async () => {
  const clock = manualClock();
  const signal = AbortSignal.abort();
  const pausing = watched(pause(clock, 1_000, signal));
  expect(clock.pendingTimers()).toBe(0);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  await settle();
  expect(pausing.over).toBe(true);
});

test('pauses that are over leave no listener on a signal that outlives them', async () => {
  const clock = manualClock();
  const { signal } = new AbortController();
  for (let n = 0; n < 5; n++) pause(clock, 1, signal);
  expect(getEventListeners(signal, 'abort')).toHaveLength(5);
  await clock.advance(1);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
