import { expect, test } from 'vitest';
import { limitedRate } from '../../src/imds/request-rate.ts';
import { manualClock } from '../support/manual-clock.ts';
import { mswImds, ROLE, status, text } from './msw-imds.ts';

const imds = mswImds();

test('never more than ten requests in one second, however fast IMDS fails and however often it is asked', async () => {
  imds.always('document', () => status(404));
  imds.next(
    'list',
    () => status(401),
    () => text(ROLE),
    () => status(500),
  );
  const { check } = imds.source();
  for (let round = 0; round < 8; round++) await check();
  const times = imds.seen.map(({ at }) => at);
  expect(times.length).toBeGreaterThan(30);
  times.forEach((at, index) => {
    const tenLater = times[index + 10];
    if (tenLater !== undefined) expect(tenLater - at).toBeGreaterThanOrEqual(1_000);
  });
});

/** A transport that notes when it was let through, in ms of a new clock. */
function limited() {
  const clock = manualClock();
  const start = clock.monotonic();
  const sent: number[] = [];
  const transport = limitedRate(async () => {
    sent.push(clock.monotonic() - start);
    return { status: 200, body: '', date: undefined, grantedTtl: undefined };
  }, clock);
  const send = (signal = new AbortController().signal) =>
    transport({ method: 'GET', path: '/', headers: {}, signal });
  return { clock, sent, send };
}

test('what is too much at once is let through by ten a second, in its order', async () => {
  const { clock, sent, send } = limited();
  for (let n = 0; n < 25; n++) void send();
  await clock.advance(10_000);
  expect(sent).toEqual([...Array(10).fill(0), ...Array(10).fill(1_000), ...Array(5).fill(2_000)]);
});

test('what comes by ten a second or fewer never waits', async () => {
  const { clock, sent, send } = limited();
  for (let n = 0; n < 30; n++) {
    await send();
    await clock.advance(100);
  }
  expect(sent).toEqual(Array.from({ length: 30 }, (_, n) => n * 100));
});

test('a request whose signal is aborted waits no longer: its transport tells', async () => {
  const { clock, sent, send } = limited();
  for (let n = 0; n < 10; n++) await send();
  const stopping = new AbortController();
  const eleventh = send(stopping.signal);
  await clock.advance(100);
  stopping.abort();
  await eleventh;
  expect(sent.at(-1)).toBe(100);
  expect(clock.pendingTimers()).toBe(0);
});
