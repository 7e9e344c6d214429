import { describe, expect, test } from 'vitest';
import { errorOf, fetchedBy, json, mswImds, never, status, text } from './msw-imds.ts';
import { until } from './until.ts';

const imds = mswImds();

describe('the account id', () => {
  test('comes from the identity document where iam/info has none', async () => {
    imds.always('info', () => json({ Code: 'Success' }));
    expect(fetchedBy(await imds.source().check()).accountId).toBe('444455556666');
  });

  test('that hangs delays the check by 250 ms and is then given up', async () => {
    imds.always('info', never);
    const { source } = imds.source();
    const check = source.check(new AbortController().signal);
    let ended = false;
    void check.then(() => {
      ended = true;
    });
    await until(() => imds.clock.pendingTimers() === 2);
    await imds.clock.advance(249);
    expect(ended).toBe(false);
    await imds.clock.advance(1);
    expect(fetchedBy(await check).accountId).toBeUndefined();
    expect(imds.clock.pendingTimers()).toBe(0);
  });

  test('that fails is asked for again at the next three checks, then after ten minutes', async () => {
    imds.always('info', () => status(404));
    imds.always('identity', () => status(404));
    const { check } = imds.source();
    for (let round = 0; round < 6; round++) await check();
    expect(imds.parts().filter((part) => part === 'info')).toHaveLength(3);
    await imds.clock.advance(10 * 60_000);
    await check();
    await check();
    expect(imds.parts().filter((part) => part === 'info')).toHaveLength(4);
  });

  test('that is learnt later is kept', async () => {
    imds.next('info', () => status(500));
    imds.next('identity', () => status(500));
    const { check } = imds.source();
    expect(fetchedBy(await check()).accountId).toBeUndefined();
    expect(fetchedBy(await check()).accountId).toBe('111122223333');
    await check();
    expect(imds.parts().filter((part) => part === 'info')).toHaveLength(2);
  });

  test('is asked for once per role', async () => {
    const { check } = imds.source();
    await check();
    imds.always('list', () => text('other-role'));
    await check();
    await check();
    expect(imds.parts().filter((part) => part === 'info')).toHaveLength(2);
  });

  test('does not hold up a check whose document has failed', async () => {
    imds.always('info', never);
    imds.always('document', () => status(400));
    const outcome = await imds.source().source.check(new AbortController().signal);
    expect(errorOf(outcome).kind).toBe('unexpected-status');
  });
});
