import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { architectures, nameAt, productPackages, readLock } from './lock.ts';

const RULE = `\n${'='.repeat(80)}\n\n`;

/** The licences of all that is in the executable besides rolekeeper itself, in full. */
export function thirdPartyLicences(root: string): string {
  const lock = readLock(root);
  const packages = productPackages(lock).map(([path, { version, license }]) => {
    const title = `${nameAt(path)} ${version} (${license ?? 'see below'})`;
    return `${title}\n\n${licenceIn(join(root, path)) ?? 'It has no licence text of its own.\n'}`;
  });
  const runtimes = architectures.map((each) => `node_modules/node-linux-${each}`);
  const runtime = runtimes.find((path) => existsSync(join(root, path)));
  if (runtime === undefined)
    throw new Error(`Cannot find Node's licence: there is none of ${runtimes.join(', ')}`);
  const { version } = lock.packages[runtime] ?? {};
  const node = `Node.js ${version} (MIT, and those of what it holds)\n\n${licenceIn(join(root, runtime))}`;
  const heading =
    'rolekeeper is one executable that holds the following works, each under its own licence.\n';
  return [heading, ...packages, node].join(RULE);
}

function licenceIn(directory: string): string | undefined {
  const name = readdirSync(directory).find((each) => /^licen[cs]e([.-].*)?$/i.test(each));
  return name === undefined ? undefined : `${readFileSync(join(directory, name), 'utf8').trimEnd()}\n`;
}
