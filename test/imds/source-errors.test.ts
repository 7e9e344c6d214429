import { describe, expect, test } from 'vitest';
import {
  badStatus,
  malformed,
  noRole,
  roleChanged,
  roleMismatch,
  type SourceFailure,
  serviceError,
  sourceErrorOf,
  tokenRefused,
  transportFailed,
} from '../../src/imds/source-errors.ts';
import { TransportError } from '../../src/imds/transport.ts';
import { memoryLog } from '../support/memory-log.ts';

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

test.each<[SourceFailure, number]>([
  [noRole(GET), 404],
  [roleChanged('web'), 404],
  [tokenRefused(GET), 401],
  [badStatus(GET, 302), 302],
  [badStatus(GET, 400), 400],
  [badStatus(PUT, 403), 403],
  [badStatus(GET, 429), 429],
  [badStatus(GET, 503), 503],
])('%s says the status', ({ error }, status) => {
  expect(error.status).toBe(status);
});

test.each([
  [299, 'unexpected-status'],
  [300, 'malformed'],
  [399, 'malformed'],
  [400, 'unexpected-status'],
])('a status of %i is %s', (status, kind) => {
  expect(badStatus(GET, status).error.kind).toBe(kind);
});

test('a service error quotes what IMDS said, where it said something', () => {
  const next = 'Look the code up in the EC2 and IAM user guides, and the role in the IAM console';
  const start = 'IMDS has no credentials for the role web: Code is Odd';
  expect(serviceError('web', 'Odd', 'why').message).toBe(`${start} (why), the rule is Success. ${next}`);
  expect(serviceError('web', 'Odd').message).toBe(`${start}, the rule is Success. ${next}`);
  expect(serviceError('web', 'ASSUMEROLEUNAUTHORIZEDACCESS').message).toContain('get-role --role-name web');
});

describe('what ends a check', () => {
  test('is told as it is where it is a failure of the source', () => {
    const log = memoryLog();
    const failure = noRole(GET);
    expect(failure.name).toBe('SourceFailure');
    expect(sourceErrorOf(failure, log)).toBe(failure.error);
    expect(log.lines).toEqual([]);
  });

  const unplaced = new TypeError('CANARY');
  unplaced.stack = 'TypeError: CANARY';
  const stackless = new RangeError('CANARY');
  Reflect.deleteProperty(stackless, 'stack');
  test.each([
    [new TypeError('CANARY'), 'TypeError', /^at .*source-errors\.test\.ts:\d+:\d+\)?$/],
    [new TypeError('CANARY at CANARY\n    at CANARY\n'), 'TypeError', /^at .*source-errors\.test\.ts:\d+/],
    [new TypeError(), 'TypeError', /^at .*source-errors\.test\.ts:\d+/],
    [unplaced, 'TypeError', /^$/],
    [stackless, 'RangeError', /^$/],
    ['CANARY', 'string', /^$/],
    [undefined, 'undefined', /^$/],
  ])('is a defect where it is anything else, told by its name and place alone: %o', (thrown, name, place) => {
    const log = memoryLog();
    expect(sourceErrorOf(thrown, log)).toEqual({
      kind: 'malformed',
      message: `rolekeeper could not take in an answer of IMDS (${name}): this is a defect in rolekeeper, please report it with the log's line`,
    });
    expect(log.lines).toEqual([
      {
        level: 'error',
        message: 'A defect in rolekeeper ended a check of IMDS: please report this line',
        fields: { name, place: expect.stringMatching(place) },
      },
    ]);
  });
});
