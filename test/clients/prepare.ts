/**
 * Prepares the probes, which takes registries, so outside of the run, which has no network. Writes what became of each
 * into a file, whole: `prepare.ts CACHES FILE [WORD...]`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAskedFor } from './asked.ts';
import { findProbes, type Probe } from './probes.ts';

/** An SDK is a lot to download and to compile; a registry that does not answer must not hold up everything else. */
const LONGEST_SECONDS = 300;
const NOT_POSSIBLE_HERE = 77;

const [caches = '', report = '', ...words] = process.argv.slice(2);
const probes = findProbes(caches).filter(({ name }) => isAskedFor(words, name));
const missing = await Promise.all(probes.map(async (probe) => [probe.name, await prepare(probe)] as const));
writeFileSync(`${report}.new`, JSON.stringify(Object.fromEntries(missing)));
renameSync(`${report}.new`, report);

/** Resolves with why the probe cannot be run here; null where it can. */
async function prepare({ name, directory, cache }: Probe): Promise<string | null> {
  mkdirSync(cache, { recursive: true });
  const child = spawn(
    '/usr/bin/timeout',
    ['--kill-after=5', `${LONGEST_SECONDS}`, join(directory, 'prepare.sh'), cache],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  if (code === 0) return null;
  const said = output.trim().split('\n').at(-1) ?? '';
  if (code === NOT_POSSIBLE_HERE) return said;
  process.stdout.write(`Preparing ${name} ended with ${code}:\n${output.slice(-2_000)}\n`);
  return code === 124
    ? `it was not ready within ${LONGEST_SECONDS} s`
    : `prepare.sh ended with ${code}: ${said}`;
}
