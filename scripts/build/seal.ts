import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Chunk } from './bundle.ts';
import type { Architecture } from './lock.ts';
import { nodeExecutable } from './runtime.ts';
import { sealedSources } from './sealed-main.ts';
import { stripped } from './strip.ts';

/**
 * Of every start of the executable. Without a cap on the heap V8 takes what the machine has before it collects: over
 * 200 MB under load. And without one on the part for what is new, that part doubles with the load, and again: 18 MB more after a
 * million answers, which are none the faster for it.
 */
const RUNTIME_FLAGS = ['--max-old-space-size=64', '--max-semi-space-size=2'];
/** V8's caches hold hashes of a random seed: this makes them the same each time. It is not of the flags that a cache must match. */
const FLAGS_FOR_BUILDING = [...RUNTIME_FLAGS, '--random-seed=1'];

export interface Sealing {
  readonly root: string;
  readonly chunks: readonly Chunk[];
  readonly architecture: Architecture;
  /** The file to write. */
  readonly output: string;
}

/**
 * The bundle and Node as a single executable. V8's code caches are of this machine's architecture, so the executable for
 * another one is without: it starts right, and later.
 */
export function seal({ root, chunks, architecture, output }: Sealing): void {
  const work = mkdtempSync(join(tmpdir(), 'rolekeeper-seal-'));
  try {
    const { main, parts } = sealedSources(chunks);
    const directory = join(work, 'parts');
    mkdirSync(directory);
    for (const [name, text] of parts) writeFileSync(join(directory, name), text);
    const isOwn = architecture === process.arch;
    if (isOwn) {
      const codeCache = join(import.meta.dirname, 'code-cache.ts');
      node(work, FLAGS_FOR_BUILDING, codeCache, 'make', directory);
      node(work, RUNTIME_FLAGS, codeCache, 'check', directory);
    }
    writeFileSync(join(work, 'main.cjs'), main);
    writeFileSync(join(work, 'node'), stripped(nodeExecutable(root, architecture, work)), { mode: 0o755 });
    const configuration = {
      main: 'main.cjs',
      executable: join(work, 'node'),
      output: resolve(output),
      disableExperimentalSEAWarning: true,
      useCodeCache: isOwn,
      execArgv: RUNTIME_FLAGS,
      // NODE_OPTIONS of a caller is not for the agent.
      execArgvExtension: 'none',
      assets: Object.fromEntries(
        readdirSync(directory)
          .sort()
          .map((name) => [name, join('parts', name)]),
      ),
    };
    writeFileSync(join(work, 'sea.json'), JSON.stringify(configuration));
    mkdirSync(dirname(resolve(output)), { recursive: true });
    node(work, FLAGS_FOR_BUILDING, '--build-sea', 'sea.json');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function node(cwd: string, flags: readonly string[], ...args: readonly string[]): void {
  execFileSync(process.execPath, [...flags, ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}
