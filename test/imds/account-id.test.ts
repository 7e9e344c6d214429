import { describe, expect, test } from 'vitest';
import { createAccountIds } from '../../src/imds/account-id.ts';
import { manualClock } from '../support/manual-clock.ts';
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

/** Asks an IMDS that has these two documents, the paths of which are remembered. */
function accountIds(profile?: string, identity?: string) {
  const clock = manualClock();
  const asked: string[] = [];
  const documents = new Map([
    ['/latest/meta-data/iam/info', profile],
    ['/latest/dynamic/instance-identity/document', identity],
  ]);
  const read = async (path: string) => {
    asked.push(path);
    return documents.get(path);
  };
  const ids = createAccountIds(read, clock, clock);
  return { asked, clock, ask: (role: string) => ids.ask(role, new AbortController().signal)() };
}

const IDENTITY = JSON.stringify({ accountId: '444455556666' });
const profileOf = (arn: unknown) => JSON.stringify({ InstanceProfileArn: arn });

describe('the account is the one in', () => {
  test.each([
    'arn:aws:iam::111122223333:instance-profile/web',
    'arn:aws-us-gov:iam::111122223333:instance-profile/path/web',
    'arn:aws-cn:iam::111122223333:instance-profile/web',
  ])('the ARN %s', async (arn) => {
    const { ask, asked } = accountIds(profileOf(arn), IDENTITY);
    expect(await ask('web')).toBe('111122223333');
    expect(asked).toEqual(['/latest/meta-data/iam/info']);
  });

  test.each([
    undefined,
    '',
    '<html></html>',
    'null',
    '[]',
    '"InstanceProfileArn"',
    '{}',
    '{"__proto__":{"InstanceProfileArn":"arn:aws:iam::111122223333:instance-profile/web"}}',
    profileOf(''),
    profileOf(5),
    profileOf(['arn:aws:iam::111122223333:instance-profile/web']),
    profileOf('arn::iam::111122223333:instance-profile/web'),
    profileOf('arn:aws:iam::11112222333:instance-profile/web'),
    profileOf('arn:aws:iam::1111222233334:instance-profile/web'),
    profileOf('arn:aws:iam::111122223333:role/web'),
    profileOf(' arn:aws:iam::111122223333:instance-profile/web'),
  ])('the identity document where iam/info is %j', async (profile) => {
    const { ask, asked } = accountIds(profile, IDENTITY);
    expect(await ask('web')).toBe('444455556666');
    expect(asked).toHaveLength(2);
  });

  test.each(
    [undefined, '', 'x', '{}', '"accountId"'].concat(
      [
        44445555666,
        444455556666,
        '44445555666',
        '4444555566667',
        ' 444455556666',
        '444455556666\n',
        ['444455556666'],
      ].map((accountId) => JSON.stringify({ accountId })),
    ),
  )('neither where the identity document is %j', async (identity) => {
    expect(await accountIds('{}', identity).ask('web')).toBeUndefined();
  });
});

test('the account of a role that has none is asked for three times, then every ten minutes, and of another role at once', async () => {
  const { ask, asked, clock } = accountIds('{}', '{}');
  for (let round = 0; round < 5; round++) await ask('web');
  expect(asked).toHaveLength(6);
  await clock.advance(10 * 60_000 - 1);
  await ask('web');
  expect(asked).toHaveLength(6);
  await clock.advance(1);
  await ask('web');
  expect(asked).toHaveLength(8);
  for (let round = 0; round < 5; round++) await ask('other');
  expect(asked).toHaveLength(14);
});
