import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** As Node names them in `process.arch`. */
export const architectures = ['x64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

export interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** package-lock.json: each package by its path, the product itself by the empty one. */
export interface Lock {
  readonly name: string;
  readonly version: string;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export function readLock(root: string): Lock {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
}

/** Those that are in the product, by path: neither for development nor a runtime, of which it has one. */
export function productPackages({ packages }: Lock): readonly (readonly [string, LockedPackage])[] {
  return Object.entries(packages).filter(
    ([path, { dev, optional }]) => path !== '' && dev !== true && optional !== true,
  );
}

/** `node_modules/a/node_modules/@b/c` is `@b/c`. */
export function nameAt(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
