import { expect, test } from 'vitest';
import { routeOf } from '../../src/simulator/routes.ts';

const roles = '/latest/meta-data/iam/security-credentials';

test.each([
  ['/latest/api/token', 'token'],
  ['/2021-03-23/api/token', 'token'],
  [roles, 'list'],
  [`${roles}/`, 'list'],
  [`/latest/${roles}/`.replace('/latest//latest', '//latest'), 'list'],
  [`${roles}/?x=1`, 'list'],
  [`${roles}/web`, 'document'],
  [`${roles}/web/`, 'other'],
  [`${roles}-extended/`, 'other'],
  [`${roles}-extended/web`, 'other'],
  ['/2021-03-23/meta-data/iam/security-credentials/web', 'document'],
  ['/latest/meta-data/iam/info', 'info'],
  ['/latest/dynamic/instance-identity/document', 'other'],
  ['/', 'other'],
  ['/%zz', 'other'],
  ['http://127.0.0.1/latest/api/token', 'other'],
] as const)('%s is of kind %s', (target, kind) => {
  expect(routeOf(target).kind).toBe(kind);
});

test('the role of a document is read with its escapes undone', () => {
  expect(routeOf(`${roles}/web%40prod`).roleName).toBe('web@prod');
  expect(routeOf(`${roles}/`).roleName).toBeUndefined();
});

test('a dated version is told from latest, and what is neither leads nowhere', () => {
  expect(routeOf('/2021-03-23/meta-data/instance-id')).toMatchObject({
    dated: true,
    item: 'meta-data/instance-id',
  });
  expect(routeOf('/latest/meta-data/instance-id').dated).toBe(false);
  expect(routeOf('/newest/meta-data/instance-id').item).toBeUndefined();
  expect(routeOf('/latest').item).toBeUndefined();
});
