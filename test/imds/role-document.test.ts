import { describe, expect, test } from 'vitest';
import { DOCUMENT, errorOf, fetchedBy, json, mswImds, ROLE, text } from './msw-imds.ts';

const imds = mswImds();

describe('the document', () => {
  test('with an expired set passes: what that means is for the lifecycle to say', async () => {
    imds.always('document', () => json({ ...DOCUMENT, Expiration: '2020-01-01T00:00:00Z' }));
    expect(fetchedBy(await imds.source().check()).credentials.expiration).toBe(
      Date.parse('2020-01-01T00:00:00Z'),
    );
  });

  test('with a Code other than Success is a service error with that code', async () => {
    imds.always('document', () => json({ Code: 'Unavailable', Message: 'try later' }));
    const error = errorOf(await imds.source().check());
    expect(error).toMatchObject({ kind: 'service-error', code: 'Unavailable' });
    expect(error.message).toContain('try later');
  });

  test('with AssumeRoleUnauthorizedAccess names the trust policy and its principal', async () => {
    imds.always('document', () => json({ Code: 'AssumeRoleUnauthorizedAccess' }));
    const { message } = errorOf(await imds.source().check());
    expect(message).toContain('trust policy');
    expect(message).toContain('ec2.amazonaws.com');
    expect(message).toContain(ROLE);
  });

  test.each([
    ['cut short', JSON.stringify(DOCUMENT).slice(0, -20)],
    ['empty', ''],
    ['XHTML', '<html></html>'],
    ['an array', '[]'],
    ['without a Token', JSON.stringify({ ...DOCUMENT, Token: undefined })],
    ['with an empty SecretAccessKey', JSON.stringify({ ...DOCUMENT, SecretAccessKey: '' })],
  ])('%s is malformed, asked for once, and quoted nowhere', async (_, body) => {
    imds.always('document', () => text(body));
    const { source, log } = imds.source();
    const outcome = await imds.finish(source.check(new AbortController().signal));
    expect(errorOf(outcome)).toMatchObject({
      kind: 'malformed',
      message: expect.stringMatching(
        `^GET /latest/meta-data/iam/security-credentials/${ROLE} answered with .*: it.* is `,
      ),
    });
    expect(imds.parts().filter((part) => part === 'document')).toHaveLength(1);
    expect(JSON.stringify([outcome, log.lines])).not.toMatch(/EXAMPLE|exampleSecret/);
  });
});
