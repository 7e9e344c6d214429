import { join } from 'node:path';

/** Where the sources are; undefined in a bundle, whose files stand for many of them. `scripts/build` sees to that. */
const SOURCES: string | undefined = import.meta.dirname;

/** The words that start this very program again: the sealed executable, a bundle or a checkout. */
export function ownCommand(): readonly string[] {
  if (process.getBuiltinModule('node:sea').isSea()) return [process.execPath];
  const main = SOURCES === undefined ? process.argv[1] : join(SOURCES, 'main.ts');
  return [process.execPath, ...(main === undefined ? [] : [main])];
}

/** The fast helper that belongs to a checkout. */
export const checkoutHelper: string | undefined =
  SOURCES === undefined ? undefined : join(SOURCES, '../../scripts/credential-process');
