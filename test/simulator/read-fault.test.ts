import { describe, expect, test } from 'vitest';
import { faultKinds, faultRules } from '../../src/simulator/fault-rules.ts';
import { readFault } from '../../src/simulator/read-fault.ts';
import { faultInput } from './fault-inputs.ts';

describe('what is read', () => {
  test.each(faultKinds)('%s is taken in its plainest form, on its default requests', (kind) => {
    expect(readFault(faultInput(kind))).toMatchObject({ kind, on: faultRules[kind].byDefault });
  });

  test.each(faultKinds)('%s as it was read is taken again, unchanged', (kind) => {
    const fault = readFault(faultInput(kind));
    expect(readFault(fault)).toEqual(fault);
  });

  test('requests are named singly, as a list, or all together', () => {
    expect(readFault({ kind: 'reset', on: 'token' }).on).toEqual(['token']);
    expect(readFault({ kind: 'reset', on: ['document', 'list'] }).on).toEqual(['list', 'document']);
    expect(readFault({ kind: 'reset', on: 'all' }).on).toEqual([
      'token',
      'list',
      'document',
      'info',
      'other',
    ]);
    expect(readFault({ kind: 'malformed-json', on: 'all' }).on).toEqual(['document', 'info']);
  });

  test('AssumeRoleUnauthorizedAccess comes with a message about the trust policy', () => {
    expect(readFault({ kind: 'code', code: 'AssumeRoleUnauthorizedAccess' })).toMatchObject({
      message: expect.stringContaining('trust policy'),
    });
    expect(readFault({ kind: 'code', code: 'Failed' })).toMatchObject({ message: 'Simulated fault Failed' });
    expect(readFault({ kind: 'code', code: 'Failed', message: 'why' })).toMatchObject({ message: 'why' });
  });
});

describe('what is refused', () => {
  test.each([undefined, null, 'reset', [], {}, { kind: 'no-such' }, { kind: 'toString' }])(
    '%j, with the list of kinds',
    (input) => {
      expect(() => readFault(input)).toThrow(
        /^A fault needs a known kind: found .*allowed are delay, black-hole, reset/,
      );
    },
  );

  test.each([
    [{ kind: 'reset', status: 5 }, 'The fault reset has no member "status": allowed are kind, on, times'],
    [{ kind: 'delay' }, 'The fault delay needs ms, a whole number of milliseconds above 0'],
    [{ kind: 'delay', ms: '5' }, 'found "5"'],
    [{ kind: 'delay', ms: -5 }, 'found -5'],
    [{ kind: 'delay', ms: 1.5 }, 'found 1.5'],
    [{ kind: 'date-skew', ms: 0 }, 'The fault date-skew needs ms'],
    [{ kind: 'status', status: 199 }, 'The fault status needs status, a whole number from 200 to 599'],
    [{ kind: 'status', status: 204 }, 'found 204'],
    [{ kind: 'status', status: 600 }, 'found 600'],
    [
      { kind: 'redirect', location: 'http://127.0.0.1/' },
      'The fault redirect needs location, a path on this server',
    ],
    [{ kind: 'redirect', location: '//127.0.0.1/' }, 'a path on this server'],
    [{ kind: 'redirect', location: '/a\r\nb' }, 'a path on this server'],
    [{ kind: 'code', code: '' }, 'The fault code needs code'],
    [{ kind: 'code', code: 'X', message: 5 }, 'The fault code takes a message'],
    [{ kind: 'missing-field', field: 'Nope' }, 'one of Code, LastUpdated, Type, AccessKeyId'],
    [
      { kind: 'reset', on: 'everything' },
      'The fault reset cannot be on "everything": allowed are token, list',
    ],
    [{ kind: 'reset', on: [] }, 'The fault reset cannot be on []'],
    [{ kind: 'expired', on: 'token' }, 'The fault expired cannot be on "token": allowed are document, all'],
    [{ kind: 'token-refused', on: 'token' }, 'The fault token-refused cannot be on "token"'],
    [{ kind: 'frozen', on: 'document' }, 'The fault frozen is about the instance: it takes no "on"'],
    [{ kind: 'frozen', times: 1 }, 'The fault frozen is about the instance: it takes no "times"'],
    [{ kind: 'reset', times: 0 }, 'The fault reset takes times, a whole number above 0: found 0'],
    [{ kind: 'reset', times: '2' }, 'found "2"'],
  ])('%j', (input, message) => {
    expect(() => readFault(input)).toThrow(message);
  });
});
