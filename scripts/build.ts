import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './build/bundle.ts';

/** `npm run build`: `src/cli/main.ts` and everything it uses as a few files of plain JavaScript, without node_modules. */
export async function build(root: string, directory: string): Promise<readonly string[]> {
  const chunks = await bundle(root);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const { name, code, isEntry } of chunks) {
    writeFileSync(join(directory, name), code, { mode: isEntry ? 0o755 : 0o644 });
  }
  return chunks.map(({ name, code }) => `${sha256(code)}  ${String(code.length).padStart(7)}  ${name}`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

if (import.meta.main) {
  const lines = await build(process.cwd(), process.argv[2] ?? 'dist');
  process.stdout.write(`${lines.join('\n')}\n`);
}
