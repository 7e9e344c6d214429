import { type Lock, type LockedPackage, nameAt, productPackages } from './lock.ts';

/**
 * What is in the executable as a CycloneDX 1.6 document. It is made from package-lock.json, so that it says the same each
 * time: there is no serial number and no time in it.
 *
 * @param runtime `process.versions` of the Node in it: itself and the libraries that are linked into it
 */
export function softwareBill(lock: Lock, runtime: Readonly<Record<string, string | undefined>>): string {
  const packages = productPackages(lock);
  const product = purl(lock.name, lock.version);
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': product,
        name: lock.name,
        version: lock.version,
        licenses: licenses(lock.packages['']?.license),
        purl: product,
      },
    },
    components: [...packages.map(component), runtimeComponent(runtime)],
    dependencies: [
      { ref: product, dependsOn: [...dependsOn(lock, ''), RUNTIME].sort() },
      ...packages.map(([path, { version = '' }]) => ({
        ref: purl(nameAt(path), version),
        dependsOn: dependsOn(lock, path),
      })),
      { ref: RUNTIME, dependsOn: [] },
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

const RUNTIME = 'runtime';
/** Names in `process.versions` that are no parts but numbers of interfaces and tables. */
const NO_PARTS = new Set(['node', 'modules', 'napi', 'cldr', 'tz', 'unicode']);

function component([path, { version = '', integrity, license }]: readonly [string, LockedPackage]) {
  const reference = purl(nameAt(path), version);
  return {
    type: 'library',
    'bom-ref': reference,
    name: nameAt(path),
    version,
    ...(integrity !== undefined && { hashes: [{ alg: 'SHA-512', content: hex(integrity) }] }),
    licenses: licenses(license),
    purl: reference,
  };
}

function runtimeComponent(runtime: Readonly<Record<string, string | undefined>>) {
  const { node = '' } = runtime;
  return {
    type: 'platform',
    'bom-ref': RUNTIME,
    name: 'node',
    version: node,
    licenses: licenses('MIT'),
    cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:lts:*:*:*`,
    purl: `pkg:generic/node@${node}`,
    components: Object.entries(runtime)
      .filter(([name]) => !NO_PARTS.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, version = '']) => ({ type: 'library', name, version })),
  };
}

/** As Node finds them: in the nearest node_modules on the way up. */
function dependsOn({ packages }: Lock, path: string): readonly string[] {
  const names = Object.keys(packages[path]?.dependencies ?? {});
  return names.map((name) => reference(name)).sort();

  function reference(name: string): string {
    for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
      const found = packages[`${at}${at === '' ? '' : '/'}node_modules/${name}`];
      if (found?.version !== undefined) return purl(name, found.version);
      if (at === '') throw new Error(`package-lock.json lacks ${name}, which ${path || 'the product'} needs`);
    }
  }
}

function licenses(expression: string | undefined) {
  return expression === undefined ? [] : [{ expression }];
}

function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function hex(integrity: string): string {
  return Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
}
