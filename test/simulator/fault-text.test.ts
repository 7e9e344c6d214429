import { expect, test } from 'vitest';
import { faultKinds } from '../../src/simulator/fault-rules.ts';
import { readFaultText } from '../../src/simulator/fault-text.ts';
import { readFault } from '../../src/simulator/read-fault.ts';

test.each([
  ['black-hole@token', { kind: 'black-hole', on: 'token' }],
  ['delay=2s', { kind: 'delay', ms: 2_000 }],
  ['delay=250ms@token,list*3', { kind: 'delay', ms: 250, on: ['token', 'list'], times: 3 }],
  ['status=503@document*2', { kind: 'status', status: 503, on: 'document', times: 2 }],
  ['code=AssumeRoleUnauthorizedAccess', { kind: 'code', code: 'AssumeRoleUnauthorizedAccess' }],
  ['missing-field=Expiration', { kind: 'missing-field', field: 'Expiration' }],
  ['redirect=/elsewhere@all', { kind: 'redirect', location: '/elsewhere', on: 'all' }],
  ['redirect', { kind: 'redirect' }],
  ['date-skew=-90s', { kind: 'date-skew', ms: -90_000 }],
  ['date-skew=2m', { kind: 'date-skew', ms: 120_000 }],
  ['frozen', { kind: 'frozen' }],
])('%s is read', (text, fault) => {
  expect(readFaultText(text)).toEqual(readFault(fault));
});

test.each(['', 'no-such', '=5', 'reset@', 'reset*', 'reset@token@list', 'toString'])(
  '%j is no fault, and the kinds are listed',
  (text) => {
    expect(() => readFaultText(text)).toThrow(
      `Not a fault: ${JSON.stringify(text)}. Expected KIND[=VALUE][@REQUESTKIND][*TIMES], KIND one of ${faultKinds.join(', ')}`,
    );
  },
);

test.each([
  ['delay', 'The fault delay needs ms'],
  ['delay=5', 'found "5"'],
  ['delay=-5s', 'found -5000'],
  ['status=abc', 'found "abc"'],
  ['reset=5', 'The fault reset has no member "value"'],
  ['reset@nowhere', 'cannot be on "nowhere"'],
  ['reset*0', 'a whole number above 0: found 0'],
])('%s breaks a rule, and is told which', (text, message) => {
  expect(() => readFaultText(text)).toThrow(message);
});
