import { expect, test } from 'vitest';
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
