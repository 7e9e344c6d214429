import { mkdirSync } from 'node:fs';

/** Only the last part of the path: Node's recursive mkdir never returns for a path in /proc. */
export function makeRuntimeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    throw new Error(
      `Cannot make the runtime directory ${path} (${code}): the directory above it must exist and be writable. Name another with --runtime-dir`,
    );
  }
}
