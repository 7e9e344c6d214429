import { describe, expect, test } from 'vitest';
import type { Ask } from '../../src/imds/ask.ts';
import { createMetadataToken } from '../../src/imds/metadata-token.ts';
import { SourceFailure } from '../../src/imds/source-errors.ts';
import { manualClock } from '../support/manual-clock.ts';
import { errorOf, mswImds, text } from './msw-imds.ts';

const SIX_HOURS_MS = 21_600_000;

function tokenWith({ grantedTtl, body }: { grantedTtl?: string | undefined; body?: string }) {
  const clock = manualClock();
  let puts = 0;
  const ask: Ask = async () => {
    puts++;
    return { status: 200, body: body ?? `EXAMPLE-${puts}`, date: undefined, grantedTtl };
  };
  const token = createMetadataToken(ask, clock);
  const get = () => token.get(new AbortController().signal);
  return { clock, token, get, puts: () => puts };
}

describe('the life of a token', () => {
  test.each([
    ['21600', SIX_HOURS_MS - 120_000],
    ['3600', 3_480_000],
    ['300', 270_000],
    ['1', 900],
  ])('granted for %s s, it is used for %i ms and not one longer', async (grantedTtl, usableMs) => {
    const { clock, get, puts } = tokenWith({ grantedTtl });
    const first = await get();
    await clock.advance(usableMs - 1);
    expect(await get()).toBe(first);
    await clock.advance(1);
    expect(await get()).not.toBe(first);
    expect(puts()).toBe(2);
  });

  test.each([undefined, '', '0', '-1', '21601', '99999', '1e3', '12.5', 'soon', '300, 300'])(
    'granted for %j, it is used for as long as was asked',
    async (grantedTtl) => {
      const { clock, get, puts } = tokenWith({ grantedTtl });
      await get();
      await clock.advance(SIX_HOURS_MS - 120_001);
      await get();
      expect(puts()).toBe(1);
      await clock.advance(1);
      await get();
      expect(puts()).toBe(2);
    },
  );

  test('goes on in a suspend, where the monotonic clock stands still', async () => {
    const { clock, get, puts } = tokenWith({ grantedTtl: '21600' });
    await get();
    clock.suspend(SIX_HOURS_MS);
    await get();
    expect(puts()).toBe(2);
  });

  test('is not made longer by a wall clock that is stepped back', async () => {
    const { clock, get, puts } = tokenWith({ grantedTtl: '300' });
    await get();
    clock.stepWall(-SIX_HOURS_MS);
    await clock.advance(270_000);
    await get();
    expect(puts()).toBe(2);
  });

  test('counts from before the request, not from the answer', async () => {
    const clock = manualClock();
    let puts = 0;
    const ask: Ask = async () => {
      puts++;
      await clock.advance(1_000);
      return { status: 200, body: `EXAMPLE-${puts}`, date: undefined, grantedTtl: '10' };
    };
    const token = createMetadataToken(ask, clock);
    const { signal } = new AbortController();
    await token.get(signal);
    await clock.advance(8_000);
    await token.get(signal);
    expect(puts).toBe(2);
  });
});

describe('fetching', () => {
  test('is shared by calls at the same time', async () => {
    const { get, puts } = tokenWith({ grantedTtl: '300' });
    const tokens = await Promise.all([get(), get(), get()]);
    expect(new Set(tokens).size).toBe(1);
    expect(puts()).toBe(1);
  });

  test('that failed is done anew by the next call', async () => {
    let puts = 0;
    const ask: Ask = async () => {
      puts++;
      if (puts === 1) throw new SourceFailure('timeout', 'once');
      return { status: 200, body: 'EXAMPLE', date: undefined, grantedTtl: '300' };
    };
    const token = createMetadataToken(ask, manualClock());
    const { signal } = new AbortController();
    await expect(token.get(signal)).rejects.toThrow('once');
    expect((await token.get(signal)).reveal()).toBe('EXAMPLE');
  });
});

describe('dropping', () => {
  test('the token at hand makes the next call fetch', async () => {
    const { token, get, puts } = tokenWith({ grantedTtl: '300' });
    token.drop(await get());
    await get();
    expect(puts()).toBe(2);
  });

  test('a token that has been replaced leaves its successor alone', async () => {
    const { token, get, puts } = tokenWith({ grantedTtl: '300' });
    const first = await get();
    token.drop(first);
    await get();
    token.drop(first);
    await get();
    expect(puts()).toBe(2);
  });
});

describe('the body', () => {
  const imds = mswImds();

  test('is trimmed', async () => {
    expect((await tokenWith({ body: ' EXAMPLE==\r\n' }).get()).reveal()).toBe('EXAMPLE==');
  });

  test('does not print itself', async () => {
    const token = await tokenWith({ body: 'EXAMPLE' }).get();
    expect(`${token} ${JSON.stringify(token)}`).toBe('[secret] "[secret]"');
  });

  test.each([
    ['empty', ''],
    ['two lines', 'EXAMPLE\r\nx-injected: 1'],
    ['two words', 'EXAMPLE EXAMPLE'],
    ['outside ASCII', 'EXÄMPLE'],
    ['with a control character', 'EXAMPLE\u0000'],
    ['of 1025 characters', 'E'.repeat(1_025)],
  ])('%s is malformed, and no GET is made with it', async (_, body) => {
    imds.always('token', () => text(body));
    const error = errorOf(await imds.source().check());
    expect(error.kind).toBe('malformed');
    expect(error.message).toMatch(
      /^PUT \/latest\/api\/token answered .*: no token of 1 to 1024 printable ASCII characters\. /,
    );
    expect(error.message).not.toContain('MPLE');
    expect(imds.parts()).toEqual(['token']);
  });

  test('of 1024 characters is a token', async () => {
    expect((await tokenWith({ body: 'E'.repeat(1_024) }).get()).reveal()).toHaveLength(1_024);
  });
});
