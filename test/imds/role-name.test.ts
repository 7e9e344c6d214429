import { describe, expect, test } from 'vitest';
import { errorOf, fetchedBy, mswImds, ROLE, status, text } from './msw-imds.ts';

const imds = mswImds();

describe('the role', () => {
  test.each([
    ['as IMDS sends it', ROLE],
    ['with a line feed', `${ROLE}\n`],
    ['with CRLF and spaces', `  ${ROLE} \r\n`],
    ['with a second line', `${ROLE}\nother-role`],
    ['with more lines and blanks', `\n${ROLE} \r\n\nother-role\nthird role\n`],
  ])('is read from a list %s', async (_, list) => {
    imds.always('list', () => text(list));
    expect(fetchedBy(await imds.source().check()).roleName).toBe(ROLE);
  });

  test.each([
    ['empty', ''],
    ['white', ' \n\n'],
    ['a page of XHTML', '<?xml version="1.0"?>\n<html></html>'],
    ['a path', '../../api/token'],
    ['the folder itself', '.'],
    ['the folder above', '..'],
    ['a query', 'role?x=1'],
    ['a name of 65 characters', 'a'.repeat(65)],
    ['a name outside ASCII', 'rôle'],
  ])('is malformed where the list is %s, and nothing more is asked', async (_, list) => {
    imds.always('list', () => text(list));
    const fault =
      list.trim() === '' ? 'an empty role list' : 'a first line that is no role name by the rules of IAM';
    expect(errorOf(await imds.source().check())).toMatchObject({
      kind: 'malformed',
      message: expect.stringContaining(
        `GET /latest/meta-data/iam/security-credentials/ answered with what IMDS does not send: ${fault}. `,
      ),
    });
    expect(imds.parts()).toEqual(['token', 'list']);
  });

  test.each(['A-z_0+=,.@', '.web', '..web', '...', 'a'.repeat(64)])(
    "may be %s by IAM's rule",
    async (name) => {
      imds.always('list', () => text(name));
      expect(fetchedBy(await imds.source().check()).roleName).toBe(name);
      expect(imds.seen.map(({ path }) => path)).toContain(
        `/latest/meta-data/iam/security-credentials/${name}`,
      );
    },
  );

  test('that imds.role does not name is a mismatch, and its document is not read', async () => {
    const error = errorOf(await imds.source({ role: 'other-role' }).check());
    expect(error.kind).toBe('role-mismatch');
    expect(error.message).toContain('other-role');
    expect(error.message).toContain(ROLE);
    expect(imds.parts()).toEqual(['token', 'list']);
  });

  test('that imds.role names is taken', async () => {
    expect((await imds.source({ role: ROLE }).check()).ok).toBe(true);
  });

  test('replaced between list and document is found in the same check', async () => {
    imds.next('list', () => text('old-role'));
    imds.next('document', () => status(404));
    const value = fetchedBy(await imds.source().check());
    expect(value.roleName).toBe(ROLE);
    expect(imds.parts().filter((part) => part === 'list')).toHaveLength(2);
  });

  test('without a document is looked for twice, not more', async () => {
    imds.always('document', () => status(404));
    expect(errorOf(await imds.source().check()).kind).toBe('role-changed');
    expect(imds.parts().filter((part) => part === 'list')).toHaveLength(2);
    expect(imds.parts().filter((part) => part === 'document')).toHaveLength(2);
  });
});
