import { expect, test } from 'vitest';
import { imdsRoute } from '../../../src/delivery/imds/route.ts';

test.each([
  ['/latest/api/token', 'api/token'],
  ['/latest/meta-data/iam/security-credentials', 'meta-data/iam/security-credentials'],
  ['/latest/meta-data/iam/security-credentials/', 'meta-data/iam/security-credentials'],
  ['//latest//meta-data///iam/security-credentials//', 'meta-data/iam/security-credentials'],
  ['/latest/meta-data/iam/security-credentials/web', 'meta-data/iam/security-credentials/web'],
  ['/latest/meta-data/iam/security-credentials/a%2Bb%40c%2Cd', 'meta-data/iam/security-credentials/a+b@c,d'],
  ['/latest/meta-data/instance-id?x=1', 'meta-data/instance-id'],
  ['/latest/', ''],
])('%s is %j', (target, item) => {
  expect(imdsRoute(target)).toEqual({ isDated: false, item });
});

test.each(['/2021-03-23/meta-data/instance-id', '//2007-01-19/meta-data/instance-id'])(
  '%s is dated',
  (target) => {
    expect(imdsRoute(target)).toEqual({ isDated: true, item: 'meta-data/instance-id' });
  },
);

test.each([
  '/',
  '',
  '/latest',
  '/LATEST/meta-data/instance-id',
  '/1.0/meta-data/instance-id',
  '/2021-3-23/meta-data/instance-id',
  '/x/latest/meta-data/instance-id',
  '/latest/%',
  '/latest/%ff',
  'http://169.254.169.254/latest/meta-data/instance-id',
])('%j is nowhere', (target) => {
  const route = imdsRoute(target);
  expect(route).toBeUndefined();
});

test('steps up are not taken: they stay part of the item, which then is on no list', () => {
  expect(imdsRoute('/latest/meta-data/../user-data')?.item).toBe('meta-data/../user-data');
  expect(imdsRoute('/latest/meta-data/%2e%2e/user-data')?.item).toBe('meta-data/../user-data');
});
