/**
 * `npm run simulation:breaks`: breaks a copy of `src` in one way at a time and lives through histories until the
 * invariant that must catch it does. Fails where a break is not caught, where it no longer applies to the source, and
 * where an invariant is violated by no break. An argument chooses the breaks whose name or invariant holds it.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { BREAKS, type Break } from '../test/simulation/breaks.ts';
import type { Catch, Hunt } from '../test/simulation/hunt-worker.ts';
import { INVARIANTS } from '../test/simulation/judge/invariants.ts';

const HUNT = { seed: 1, histories: 1_000, days: 30, mostHappenings: 60, triesToShorten: 200 };
const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const [chosen = ''] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

const waiting = BREAKS.filter(({ name, violates }) => name.includes(chosen) || violates.includes(chosen));
const problems: string[] = [];
let caughtCount = 0;
for (const invariant of Object.keys(INVARIANTS)) {
  if (!BREAKS.some(({ violates }) => violates === invariant)) problems.push(`no break violates ${invariant}`);
}
say('| break | invariant | histories | seed | happenings, shortened |');
say('|---|---|---|---|---|');
await Promise.all(Array.from({ length: availableParallelism() }, takeTurns));
for (const problem of problems) say(`FAILED: ${problem}`);
say(`${caughtCount} passed, ${problems.length} failed`);
process.exitCode = problems.length === 0 && caughtCount > 0 ? 0 : 1;

async function takeTurns(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const copy = mkdtempSync(join(tmpdir(), 'rolekeeper-break-'));
    try {
      const caught = await huntIn(copyBroken(copy, next), next);
      if (caught === undefined) throw new Error(`not caught in ${HUNT.histories} histories`);
      caughtCount++;
      const { lived, seed, happenings, short } = caught;
      const lengths = `${happenings} → ${short.happenings.length}`;
      say(`| ${next.name} | \`${next.violates}\` | ${lived} | ${seed} | ${lengths} |`);
    } catch (error) {
      problems.push(`${next.name}: ${(error as Error).message}`);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }
}

function copyBroken(copy: string, { replace }: Break): string {
  for (const part of ['src', 'test/simulation', 'package.json']) {
    cpSync(join(PROJECT, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(PROJECT, 'node_modules'), join(copy, 'node_modules'));
  for (const { file, from, to } of replace) {
    const path = join(copy, 'src', file);
    const parts = readFileSync(path, 'utf8').split(from);
    if (parts.length !== 2)
      throw new Error(`src/${file} holds ${parts.length - 1} times, expected once: ${from}`);
    writeFileSync(path, parts.join(to));
  }
  return copy;
}

function huntIn(copy: string, { violates }: Break): Promise<Catch | undefined> {
  const workerData: Hunt = { ...HUNT, only: violates };
  const worker = new Worker(pathToFileURL(join(copy, 'test/simulation/hunt-worker.ts')), { workerData });
  const { promise, resolve, reject } = Promise.withResolvers<Catch | undefined>();
  worker.once('message', resolve);
  worker.once('error', reject);
  return promise.finally(() => worker.terminate());
}
