import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What the executable is made of. */
const SOURCES = ['src', 'scripts/build', 'package-lock.json'];

/** Runs `npm run build` unless there is an executable that is newer than its sources. Returns the directory it is in. */
export function freshExecutable(root: string): string {
  const release = join(root, 'dist/release');
  // A build writes it last.
  const sums = join(release, 'SHA256SUMS');
  const newest = Math.max(...SOURCES.map((path) => newestIn(join(root, path))));
  if (existsSync(sums) && statSync(sums).mtimeMs > newest) return release;
  process.stdout.write('Building the executables (npm run build)\n');
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm run build ended with ${status}`);
  return release;
}

function newestIn(path: string): number {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
