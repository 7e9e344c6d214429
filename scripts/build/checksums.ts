import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'SHA256SUMS';

/** Writes the sums of all files of a directory beside them, as `sha256sum --check` reads them. */
export function writeChecksums(directory: string): void {
  const names = readdirSync(directory)
    .filter((name) => name !== NAME)
    .sort();
  const lines = names.map((name) => `${sha256(join(directory, name))}  ${name}\n`);
  writeFileSync(join(directory, NAME), lines.join(''));
}

export function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
