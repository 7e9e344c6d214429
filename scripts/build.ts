import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, type Chunk } from './build/bundle.ts';
import { writeChecksums } from './build/checksums.ts';
import { thirdPartyLicences } from './build/licences.ts';
import { type Architecture, architectures, readLock } from './build/lock.ts';
import { softwareBill } from './build/sbom.ts';
import { seal } from './build/seal.ts';

/** `src/cli/main.ts` and everything it uses as a few files of plain JavaScript, without node_modules. */
export async function build(root: string, directory: string): Promise<readonly Chunk[]> {
  const chunks = await bundle(root);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const { name, code, isEntry } of chunks) {
    writeFileSync(join(directory, name), code, { mode: isEntry ? 0o755 : 0o644 });
  }
  return chunks;
}

/**
 * The product: an executable for each architecture, and beside them what is in them, under which licences, and their
 * checksums. The same sources give the same files, byte for byte.
 */
export function release(
  root: string,
  directory: string,
  chunks: readonly Chunk[],
  wanted: readonly Architecture[] = architectures,
): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const architecture of wanted) {
    seal({ root, chunks, architecture, output: join(directory, `rolekeeper-linux-${architecture}`) });
  }
  writeFileSync(join(directory, 'rolekeeper.cdx.json'), softwareBill(readLock(root), process.versions));
  writeFileSync(join(directory, 'THIRD-PARTY-LICENCES'), thirdPartyLicences(root));
  writeChecksums(directory);
}

/** `npm run build`: the bundle in `dist/`, and the product in `dist/release/`. */
if (import.meta.main) {
  const { values } = parseArgs({
    options: { directory: { type: 'string', default: 'dist' }, arch: { type: 'string', multiple: true } },
  });
  const { directory, arch } = values;
  const wanted = architectures.filter((each) => arch === undefined || arch.includes(each));
  const chunks = await build(process.cwd(), directory);
  const target = join(directory, 'release');
  release(process.cwd(), target, chunks, wanted);
  process.stdout.write(`${target}:\n${readFileSync(join(target, 'SHA256SUMS'), 'utf8')}`);
  const others = wanted.filter((each) => each !== process.arch);
  for (const each of others) {
    process.stdout.write(`${each}: without a code cache, which only a machine of its kind can make\n`);
  }
}
