import { describe, expect, test } from 'vitest';
import { errorOf, mswImds, status } from './msw-imds.ts';

const imds = mswImds();

describe('401', () => {
  test('one 401 costs one new token and one repetition', async () => {
    const { check } = imds.source();
    await check();
    imds.seen.length = 0;
    imds.forgetTokens();
    expect((await check()).ok).toBe(true);
    expect(imds.parts()).toEqual(['list', 'token', 'list', 'document']);
  });

  test('a 401 on the document as well', async () => {
    imds.next('document', () => status(401));
    expect((await imds.source().check()).ok).toBe(true);
    expect(imds.parts().filter((part) => part === 'document')).toHaveLength(2);
    expect(imds.parts().filter((part) => part === 'token')).toHaveLength(2);
  });

  test('a second 401, with a brand-new token, is not tried a third time', async () => {
    imds.always('list', () => status(401));
    expect(errorOf(await imds.source().check())).toMatchObject({
      kind: 'token-refused',
      message: expect.stringMatching(
        /^GET \/latest\/meta-data\/iam\/security-credentials\/ answered 401 twice/,
      ),
    });
    expect(imds.parts()).toEqual(['token', 'list', 'token', 'list']);
  });

  test('a refused token is not kept for the next check', async () => {
    const { check } = imds.source();
    imds.always('list', () => status(401));
    await check();
    imds.seen.length = 0;
    await check();
    expect(imds.parts()[0]).toBe('token');
  });
});
