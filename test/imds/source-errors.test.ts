import { describe, expect, test } from 'vitest';
import {
  badStatus,
  malformed,
  noRole,
  roleChanged,
  roleMismatch,
  type SourceFailure,
  serviceError,
  tokenRefused,
  transportFailed,
} from '../../src/imds/source-errors.ts';
import { TransportError } from '../../src/imds/transport.ts';

const PUT = { method: 'PUT', path: '/latest/api/token' } as const;
const GET = { method: 'GET', path: '/latest/meta-data/iam/security-credentials/' } as const;
const lost = (failure: TransportError['failure']) => new TransportError(failure, 'http://127.0.0.1:1: why');

describe('every sentence says what was tried, what was found and what to do', () => {
  const cases: [SourceFailure, string, RegExp[]][] = [
    [noRole(GET), 'no-role', [/GET \/latest/, /404/, /Attach an instance profile/]],
    [roleMismatch('wanted', 'found'), 'role-mismatch', [/wanted/, /found/, /imds\.role/]],
    [roleChanged('web'), 'role-changed', [/web/, /404/, /attach/]],
    [tokenRefused(GET), 'token-refused', [/GET \/latest/, /401/, /proxy/]],
    [badStatus(PUT, 403), 'imds-disabled', [/PUT \/latest/, /403/, /--http-endpoint enabled/]],
    [badStatus(GET, 503), 'throttled', [/503/, /programs that ask IMDS/]],
    [badStatus(GET, 429), 'throttled', [/429/]],
    [badStatus(GET, 302), 'malformed', [/redirect/, /302/, /imds\.endpoint/]],
    [badStatus(PUT, 400), 'unexpected-status', [/400/, /imds\.endpoint/]],
    [malformed(GET, 'an empty role list'), 'malformed', [/an empty role list/, /imds\.endpoint/]],
    [serviceError('web', 'Odd', 'why'), 'service-error', [/web/, /Code is Odd/, /why/, /IAM/]],
    [
      serviceError('web', 'AssumeRoleUnauthorizedAccess'),
      'service-error',
      [/trust policy/, /ec2\.amazonaws\.com/],
    ],
    [transportFailed(GET, lost('unreachable')), 'unreachable', [/127\.0\.0\.1:1: why/, /imds\.endpoint/]],
    [
      transportFailed(PUT, lost('unanswered')),
      'token-unanswered',
      [/hop limit/, /--http-put-response-hop-limit 2/, /outside the container/],
    ],
    [transportFailed(GET, lost('unanswered')), 'timeout', [/no whole answer/, /why/]],
    [transportFailed(PUT, lost('broken')), 'timeout', [/PUT/, /no whole answer/]],
    [transportFailed(GET, lost('cancelled')), 'timeout', [/given up/]],
    [transportFailed(GET, lost('garbled')), 'malformed', [/why/]],
  ];

  test.each(cases)('%s', ({ error }, kind, parts) => {
    expect(error.kind).toBe(kind);
    for (const part of parts) expect(error.message).toMatch(part);
    expect(error.message).not.toMatch(/[\r\n]|undefined|\.$/);
  });
});

test('an error has the status or the code it was made of, and no field it was not', () => {
  expect(Object.keys(badStatus(GET, 500).error)).toEqual(['kind', 'message', 'status']);
  expect(Object.keys(serviceError('web', 'Odd').error)).toEqual(['kind', 'message', 'code']);
  expect(Object.keys(transportFailed(GET, lost('broken')).error)).toEqual(['kind', 'message']);
});
